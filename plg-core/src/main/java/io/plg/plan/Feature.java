package io.plg.plan;

import io.plg.internal.Text;
import java.util.Objects;

/**
 * Something of the product that plans differ in: a {@link Flag} is on or off, a {@link Cap} limits how many may exist at once, a
 * {@link Quota} limits how many may be used in a period. Declare each once, as a constant:
 *
 * <pre>{@code
 * static final Feature.Cap   PROJECTS   = Feature.cap("projects");
 * static final Feature.Quota EXPORTS    = Feature.quota("exports", Every.MONTH);
 * static final Feature.Flag  API_ACCESS = Feature.flag("api_access");
 * }</pre>
 *
 * <p>Two features are the same if they are equal: same kind, name, period and decimals. The name identifies the feature in what is stored.
 */
public sealed interface Feature {

    /**
     * Returns the name, by which the feature is stored and which messages show.
     *
     * @return 1 to 128 characters, such as {@code "team_members"}
     */
    String name();

    /**
     * Returns a feature that is on or off.
     *
     * @param name its name
     * @return the flag
     * @throws IllegalArgumentException if the name is blank, longer than 128 characters, or cannot be stored
     */
    static Flag flag(String name) {
        return new Flag(name);
    }

    /**
     * Returns a feature of which so many may exist at once, such as projects or seats.
     *
     * @param name its name, in the plural
     * @return the cap, in whole units
     * @throws IllegalArgumentException if the name is blank, longer than 128 characters, or cannot be stored
     */
    static Cap cap(String name) {
        return new Cap(name, 0);
    }

    /**
     * Returns a feature that may be used so often in a period, such as exports or API calls.
     *
     * @param name its name, in the plural
     * @param every the period after which counting begins anew
     * @return the quota, in whole units
     * @throws IllegalArgumentException if the name is blank, longer than 128 characters, or cannot be stored
     */
    static Quota quota(String name, Every every) {
        return new Quota(name, every, 0);
    }

    /**
     * A feature that is on or off.
     *
     * @param name see {@link Feature#name()}
     */
    record Flag(String name) implements Feature {

        /** Checks the name. */
        public Flag {
            Text.checkName("feature name", name);
        }
    }

    /** A feature that is counted. Amounts of it are whole units, unless it declares decimals. */
    sealed interface Metered extends Feature {

        /** The most decimals that a feature may declare. */
        int MAX_DECIMALS = 6;

        /**
         * Returns how many decimals amounts of it have.
         *
         * @return 0 to 6
         */
        int decimals();
    }

    /**
     * A feature of which so many may exist at once.
     *
     * @param name see {@link Feature#name()}
     * @param decimals see {@link Metered#decimals()}
     */
    record Cap(String name, int decimals) implements Metered {

        /** Checks name and decimals. */
        public Cap {
            Text.checkName("feature name", name);
            checkDecimals(name, decimals);
        }

        /**
         * Returns the same cap with amounts of so many decimals, such as gigabytes with three.
         *
         * @param decimals 0 to 6
         * @return the cap
         * @throws IllegalArgumentException if it is out of that range
         */
        public Cap withDecimals(int decimals) {
            return new Cap(name, decimals);
        }
    }

    /**
     * A feature that may be used so often in a period.
     *
     * @param name see {@link Feature#name()}
     * @param every the period after which counting begins anew
     * @param decimals see {@link Metered#decimals()}
     */
    record Quota(String name, Every every, int decimals) implements Metered {

        /** Checks name and decimals. */
        public Quota {
            Text.checkName("feature name", name);
            Objects.requireNonNull(every, "every");
            checkDecimals(name, decimals);
        }

        /**
         * Returns the same quota with amounts of so many decimals.
         *
         * @param decimals 0 to 6
         * @return the quota
         * @throws IllegalArgumentException if it is out of that range
         */
        public Quota withDecimals(int decimals) {
            return new Quota(name, every, decimals);
        }
    }

    private static void checkDecimals(String name, int decimals) {
        if (decimals < 0 || decimals > Metered.MAX_DECIMALS) {
            throw new IllegalArgumentException(
                    "decimals of \"" + name + "\" must be 0 to " + Metered.MAX_DECIMALS + ", was " + decimals);
        }
    }
}
