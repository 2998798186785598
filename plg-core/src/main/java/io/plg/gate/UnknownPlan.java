package io.plg.gate;

import io.plg.PlgException;
import java.util.List;

/** A plan was named that the catalog does not have. */
public final class UnknownPlan extends PlgException {
    private static final long serialVersionUID = 1L;

    private final String plan;

    /**
     * Says which plan, and which there are.
     *
     * @param plan what was asked for
     * @param known the names of the catalog's plans
     */
    public UnknownPlan(String plan, List<String> known) {
        super("the catalog has no plan \"" + plan + "\"; it has " + known);
        this.plan = plan;
    }

    /**
     * Returns what was asked for.
     *
     * @return the name, with the version if one was asked for
     */
    public String plan() {
        return plan;
    }
}
