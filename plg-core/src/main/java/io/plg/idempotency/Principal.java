package io.plg.idempotency;

import io.plg.UserId;
import io.plg.internal.Text;
import java.util.Objects;
import java.util.Optional;

/**
 * Who asks. A key belongs to whoever sent it: another principal's key is another key, even with the same text, so that nobody is handed
 * somebody else's result.
 *
 * @param kind what kind of principal it is
 * @param name the id of the user or the name of the service
 */
public record Principal(Kind kind, String name) {

    /**
     * Checks the name.
     *
     * @throws IllegalArgumentException if {@code name} is not well-formed, see {@link UserId}
     */
    public Principal {
        Objects.requireNonNull(kind, "kind");
        Text.checkId("principal", name);
    }

    /**
     * Returns a user.
     *
     * @param user who asks
     * @return the principal
     */
    public static Principal by(UserId user) {
        return new Principal(Kind.USER, user.value());
    }

    /**
     * Returns a user.
     *
     * @param userId the id of who asks
     * @return the principal
     * @throws IllegalArgumentException if the id is not well-formed, see {@link UserId}
     */
    public static Principal by(String userId) {
        return by(UserId.of(userId));
    }

    /**
     * Returns something that is no person: a job, a webhook's sender, another system.
     *
     * @param name its name, such as {@code "nightly-import"}
     * @return the principal
     * @throws IllegalArgumentException if {@code name} is empty, longer than 128 characters, or has a NUL or a lone surrogate
     */
    public static Principal service(String name) {
        return new Principal(Kind.SERVICE, name);
    }

    /**
     * Returns the user, if it is one.
     *
     * @return the id of the user, or empty for a service
     */
    public Optional<UserId> user() {
        return kind == Kind.USER ? Optional.of(UserId.of(name)) : Optional.empty();
    }

    /** What kinds of principals there are. */
    public enum Kind {
        /** A person who uses the product. */
        USER,
        /** Something that is no person. */
        SERVICE
    }
}
