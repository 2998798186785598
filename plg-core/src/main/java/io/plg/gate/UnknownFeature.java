package io.plg.gate;

import io.plg.PlgException;
import java.util.List;

/** Something was to be given of a feature or an add-on that the catalog does not have. */
public final class UnknownFeature extends PlgException {
    private static final long serialVersionUID = 1L;

    private final String feature;

    /**
     * Says which, and which there are.
     *
     * @param feature the name that was asked for
     * @param known the names that the catalog has
     */
    public UnknownFeature(String feature, List<String> known) {
        super("the catalog has no \"" + feature + "\" of that kind; it has " + known);
        this.feature = feature;
    }

    /**
     * Returns what was asked for.
     *
     * @return the name
     */
    public String feature() {
        return feature;
    }
}
