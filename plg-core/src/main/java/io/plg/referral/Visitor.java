package io.plg.referral;

import java.util.Objects;
import java.util.Optional;

/**
 * Somebody, not known yet, who follows a link.
 *
 * @param touch what an earlier {@link Visit#touch()} left with the visitor, such as in a cookie
 * @param ip the address that the request came from, by which guesses are limited
 */
public record Visitor(Optional<String> touch, Optional<String> ip) {
    private static final Visitor UNKNOWN = new Visitor(Optional.empty(), Optional.empty());

    /** Checks that nothing is null. */
    public Visitor {
        Objects.requireNonNull(touch, "touch");
        Objects.requireNonNull(ip, "ip");
    }

    /**
     * Returns a visitor about whom nothing is known.
     *
     * @return the visitor
     */
    public static Visitor unknown() {
        return UNKNOWN;
    }

    /**
     * Returns a visitor who comes from an address.
     *
     * @param ip the address
     * @return the visitor
     */
    public static Visitor from(String ip) {
        return UNKNOWN.ip(ip);
    }

    /**
     * Returns this visitor with what an earlier visit left.
     *
     * @param touch the value, as the visitor brought it back
     * @return the visitor with it
     */
    public Visitor touch(String touch) {
        return new Visitor(Optional.of(touch), ip);
    }

    /**
     * Returns this visitor with an address.
     *
     * @param ip the address
     * @return the visitor with it
     */
    public Visitor ip(String ip) {
        return new Visitor(touch, Optional.of(ip));
    }

    /** Says nothing personal. */
    @Override
    public String toString() {
        return touch.isPresent() ? "a visitor who was here before" : "a visitor";
    }
}
