package io.plg.referral;

import io.plg.UserId;
import io.plg.WorkspaceId;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * Somebody who has signed up. What is given beside the ids is kept as a hash only.
 *
 * @param user who, with that by which the person may be recognised
 * @param workspace the workspace that the user signed up for, if that is known already
 * @param signedUpAt when; empty for now
 */
public record NewUser(User user, Optional<WorkspaceId> workspace, Optional<Instant> signedUpAt) {

    /** Checks that nothing is null. */
    public NewUser {
        Objects.requireNonNull(user, "user");
        Objects.requireNonNull(workspace, "workspace");
        Objects.requireNonNull(signedUpAt, "signedUpAt");
    }

    /**
     * Names somebody who signs up now.
     *
     * @param id the id of the user
     * @return the user, of whom nothing else is known
     * @throws IllegalArgumentException if the id is not well-formed, see {@link UserId}
     */
    public static NewUser of(String id) {
        return of(User.of(id));
    }

    /**
     * Names somebody who signs up now.
     *
     * @param user the user
     * @return the user, of whom nothing else is known
     */
    public static NewUser of(User user) {
        return new NewUser(user, Optional.empty(), Optional.empty());
    }

    /**
     * Returns the id of the user.
     *
     * @return the id
     */
    public UserId id() {
        return user.id();
    }

    /**
     * Returns this user with an e-mail address.
     *
     * @param email the address, as it was entered
     * @return the user with it
     */
    public NewUser email(String email) {
        return new NewUser(user.email(email), workspace, signedUpAt);
    }

    /**
     * Returns this user with a device.
     *
     * @param device what the host knows the device by
     * @return the user with it
     */
    public NewUser device(String device) {
        return new NewUser(user.device(device), workspace, signedUpAt);
    }

    /**
     * Returns this user with a network address.
     *
     * @param ip the address that the sign-up came from
     * @return the user with it
     */
    public NewUser ip(String ip) {
        return new NewUser(user.ip(ip), workspace, signedUpAt);
    }

    /**
     * Returns this user with the workspace that was signed up for. A reward for the sign-up itself needs it, and so
     * does one for what the user did before being bound.
     *
     * @param workspace its id
     * @return the user with it
     * @throws IllegalArgumentException if the id is not well-formed, see {@link WorkspaceId}
     */
    public NewUser in(String workspace) {
        return in(WorkspaceId.of(workspace));
    }

    /**
     * Returns this user with the workspace that was signed up for.
     *
     * @param workspace its id
     * @return the user with it
     */
    public NewUser in(WorkspaceId workspace) {
        return new NewUser(user, Optional.of(workspace), signedUpAt);
    }

    /**
     * Returns this user with the time of a sign-up that was before now.
     *
     * @param time when the user signed up
     * @return the user with it
     */
    public NewUser signedUpAt(Instant time) {
        return new NewUser(user, workspace, Optional.of(time));
    }

    /** Says who, and nothing personal. */
    @Override
    public String toString() {
        return "new " + user;
    }
}
