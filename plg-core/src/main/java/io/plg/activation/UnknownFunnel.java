package io.plg.activation;

import io.plg.PlgException;
import java.util.List;

/** A funnel was named that {@link io.plg.Plg} was not built with. */
public final class UnknownFunnel extends PlgException {
    private static final long serialVersionUID = 1L;

    private final String funnel;
    private final transient List<String> known;

    /**
     * Creates the error.
     *
     * @param funnel the name that was asked for
     * @param known the names of the funnels that exist
     */
    public UnknownFunnel(String funnel, List<String> known) {
        super("there is no funnel \"" + funnel + "\"; "
                + (known.isEmpty()
                        ? "Plg was built without any, add it with .funnel(…)"
                        : "Plg was built with " + String.join(", ", known)));
        this.funnel = funnel;
        this.known = List.copyOf(known);
    }

    /**
     * Returns what was asked for.
     *
     * @return the name of the funnel that does not exist
     */
    public String funnel() {
        return funnel;
    }

    /**
     * Returns the funnels that exist.
     *
     * @return their names
     */
    public List<String> known() {
        return known;
    }
}
