package io.plg.activation;

import io.plg.PlgException;
import java.util.List;
import java.util.stream.Collectors;

/** A step was named that the funnel does not have. Nothing was stored. */
public final class UnknownStep extends PlgException {
    private static final long serialVersionUID = 1L;

    private final String funnel;
    private final String step;
    private final transient List<Step> known;

    UnknownStep(String funnel, String step, List<Step> known) {
        super("funnel \"" + funnel + "\" has no step \"" + step + "\"; its steps are "
                + known.stream().map(Step::name).collect(Collectors.joining(", ")));
        this.funnel = funnel;
        this.step = step;
        this.known = known;
    }

    /**
     * Returns the funnel's name.
     *
     * @return the name
     */
    public String funnel() {
        return funnel;
    }

    /**
     * Returns what was asked for.
     *
     * @return the name of the step that does not exist
     */
    public String step() {
        return step;
    }

    /**
     * Returns the steps that exist.
     *
     * @return the funnel's steps in order
     */
    public List<Step> known() {
        return known;
    }
}
