package io.plg.referral;

import io.plg.UserId;
import java.util.Objects;
import java.util.Optional;

/**
 * A user, with that by which the same person may be recognised under another name. What is given beside the id is kept as a hash only.
 *
 * @param id who
 * @param email the user's e-mail address
 * @param device what the host knows the user's device by
 * @param ip the address that the user's request came from
 */
public record User(UserId id, Optional<String> email, Optional<String> device, Optional<String> ip) {

    /** Checks that nothing is null. */
    public User {
        Objects.requireNonNull(id, "id");
        Objects.requireNonNull(email, "email");
        Objects.requireNonNull(device, "device");
        Objects.requireNonNull(ip, "ip");
    }

    /**
     * Names a user.
     *
     * @param id the id of the user
     * @return the user, of whom nothing else is known
     * @throws IllegalArgumentException if the id is not well-formed, see {@link UserId}
     */
    public static User of(String id) {
        return of(UserId.of(id));
    }

    /**
     * Names a user.
     *
     * @param id the id of the user
     * @return the user, of whom nothing else is known
     */
    public static User of(UserId id) {
        return new User(id, Optional.empty(), Optional.empty(), Optional.empty());
    }

    /**
     * Returns this user with an e-mail address.
     *
     * @param email the address, as it was entered
     * @return the user with it
     */
    public User email(String email) {
        return new User(id, Optional.of(email), device, ip);
    }

    /**
     * Returns this user with a device.
     *
     * @param device what the host knows the device by, such as a fingerprint or the id of an installation
     * @return the user with it
     */
    public User device(String device) {
        return new User(id, email, Optional.of(device), ip);
    }

    /**
     * Returns this user with a network address.
     *
     * @param ip the address, such as {@code 203.0.113.7}; of an IPv6 address the first 64 bits count
     * @return the user with it
     */
    public User ip(String ip) {
        return new User(id, email, device, Optional.of(ip));
    }

    /** Says who, and nothing personal. */
    @Override
    public String toString() {
        return "user " + id;
    }
}
