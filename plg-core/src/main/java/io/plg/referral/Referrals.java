package io.plg.referral;

import io.plg.UserId;
import io.plg.reward.Stage;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.UUID;

/**
 * The referrals of one workspace in one program: the codes of its users, whom they have referred, and what its own users have reached who were referred by others.
 *
 * <p>A referral belongs to the workspace of the referrer; the workspace of whom was referred cannot see it.
 *
 * <p>Every method throws {@code WorkspaceDeleted} after the workspace's deletion, those about a user {@code UserErased} after the user's erasure, and {@code StoreFailure} if the store fails.
 */
public interface Referrals {

    /**
     * Returns the program.
     *
     * @return as it is now
     */
    ReferralProgram program();

    /**
     * Returns by what a user refers others; always the same, made when it is asked for first.
     *
     * @param user who; an e-mail address and the like are noted as hashes, to tell who refers themselves
     * @return the user's code and link
     */
    ReferralLink linkOf(User user);

    /**
     * Returns by what a user refers others; always the same.
     *
     * @param userId the id of the user
     * @return the user's code and link
     * @throws IllegalArgumentException if the id is not well-formed, see {@link UserId}
     */
    default ReferralLink linkOf(String userId) {
        return linkOf(User.of(userId));
    }

    /**
     * Returns by what a user shares something that the product made, such as a template or a board; always the same. Views, sign-ups and customers that come by it are
     * counted by themselves.
     *
     * @param user who shares
     * @param artefact the host's id of it, 1 to 128 characters
     * @return the code and link
     * @throws IllegalArgumentException if the id of the artefact is not well-formed
     */
    ReferralLink share(User user, String artefact);

    /**
     * Returns by what a user shares something that the product made; always the same.
     *
     * @param userId the id of the user
     * @param artefact the host's id of it, 1 to 128 characters
     * @return the code and link
     * @throws IllegalArgumentException if an id is not well-formed
     */
    default ReferralLink share(String userId, String artefact) {
        return share(User.of(userId), artefact);
    }

    /**
     * Counts what came of what users share.
     *
     * @return a line for each link of {@link #share}
     */
    List<Shared> shared();

    /**
     * Ends a code. Who was referred by it stays so.
     *
     * @param code the code of a user of this workspace
     * @return whether it was there and active
     */
    boolean deactivate(String code);

    /**
     * Notes that a user has invited somebody, by whatever means. It is the fact behind the invitations per user and their conversion; without it these are not known.
     *
     * @param sender who
     * @return the id of the invitation
     */
    UUID recordInvitation(UserId sender);

    /**
     * Notes that a user has invited somebody.
     *
     * @param senderId the id of the user
     * @return the id of the invitation
     * @throws IllegalArgumentException if the id is not well-formed, see {@link UserId}
     */
    default UUID recordInvitation(String senderId) {
        return recordInvitation(UserId.of(senderId));
    }

    /**
     * Notes that a user has invited somebody; told again, nothing changes.
     *
     * @param sender who
     * @param invitation its id
     * @param at when
     * @return whether it was new
     * @throws IllegalArgumentException if it is in the future
     */
    boolean recordInvitation(UserId sender, UUID invitation, Instant at);

    /**
     * Finds whom a user has referred.
     *
     * @param referrer who
     * @param most how many at most, 1 to 10,000
     * @return the latest first
     * @throws IllegalArgumentException if {@code most} is out of range
     */
    List<Referral> referralsOf(UserId referrer, int most);

    /**
     * Returns who referred whom.
     *
     * @return the graph of this workspace
     */
    ReferralGraph graph();

    /**
     * Tells that a user of this workspace has reached a stage; what is to be earned by it is decided and given, to both sides, in this commit. It counts once. The activation is told by
     * itself, when a user completes the aha step.
     *
     * @param user a user of this workspace, who may have been referred by somebody of any workspace
     * @param stage what was reached, such as {@link Stage#FIRST_PAYMENT}
     * @return whether the user was referred and it is news, in at least one program
     */
    boolean reached(UserId user, Stage stage);

    /**
     * Tells that a user of this workspace has reached a stage.
     *
     * @param userId the id of the user
     * @param stage what was reached
     * @return whether the user was referred and it is news
     * @throws IllegalArgumentException if the id is not well-formed, see {@link UserId}
     */
    default boolean reached(String userId, Stage stage) {
        return reached(UserId.of(userId), stage);
    }

    /**
     * Tells that what a user of this workspace reached is undone, as by a refund. Rewards that are not given yet are canceled, those that were given are taken back, as their rule says.
     *
     * @param user a user of this workspace
     * @param stage what is undone
     * @return how many rewards changed
     */
    int refunded(UserId user, Stage stage);

    /**
     * Tells that a part of what a user of this workspace reached is undone. Of account credit the same part is taken back; other rewards stay until all is.
     *
     * @param user a user of this workspace
     * @param stage what is undone
     * @param part how much of the whole, above 0 and at most 1; parts add up
     * @return how many rewards changed
     * @throws IllegalArgumentException if the part is out of range
     */
    int refunded(UserId user, Stage stage, BigDecimal part);

    /**
     * Finds referrals that wait for somebody to look at them.
     *
     * @param most how many at most, 1 to 10,000
     * @return the oldest first
     * @throws IllegalArgumentException if {@code most} is out of range
     */
    List<Referral> held(int most);

    /**
     * Lets a referral that was held earn what it earned.
     *
     * @param referral its id
     * @return whether it was held
     */
    boolean release(UUID referral);

    /**
     * Lets a referral that was held earn nothing.
     *
     * @param referral its id
     * @param why for whoever asks later, at most 200 characters
     * @return whether it was held
     * @throws IllegalArgumentException if the reason is too long or cannot be stored
     */
    boolean reject(UUID referral, String why);

    /**
     * What came of a link by which something is shared.
     *
     * @param user who shares
     * @param artefact what
     * @param code by which code
     * @param views how often it was viewed
     * @param signUps how many have signed up by it
     * @param activated how many of those were activated
     * @param paid how many of those have paid
     */
    record Shared(UserId user, String artefact, String code, long views, long signUps, long activated, long paid) {}
}
