package io.plg.referral;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.event.GrowthEvent;
import io.plg.fraud.FraudHistory;
import io.plg.reward.Stage;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Where adapters keep codes, referrals and invitations. Applications do not call it.
 *
 * <p>Rows belong to the workspace of the referrer. What must be known across workspaces, which workspace a code leads to and who referred whom, an adapter keeps
 * apart, by hashes only. The referrals of all workspaces are one forest:
 *
 * <pre>
 *   per (program, referred user), over all workspaces:   free ──bind──▶ bound     (final)
 * </pre>
 *
 * <p>Rules for implementers: {@link #bind} is atomic, binds a user at most once whatever other transactions do, and never closes a loop, also when several transactions
 * together would; referrals of other people under the same referrer do not wait for each other. Codes are compared as they are handed in, in upper case. Calls on a
 * deleted workspace throw {@code WorkspaceDeleted}, calls about an erased user {@code UserErased}; erasing a user takes the user's id out of the graph, whose shape stays, and removes
 * the user's codes, traces and invitations. The contract test is {@code ReferralContract} of plg-testkit.
 */
public interface ReferralStore {

    /** How many a count of {@link #history} goes up to. */
    int MOST_COUNTED = 1_000;

    /**
     * Returns the secret of a workspace, by which it hashes what it may not keep, and stores one if there is none.
     *
     * @param workspace which
     * @param candidate what to store
     * @return what is stored
     */
    byte[] secret(WorkspaceId workspace, byte[] candidate);

    /**
     * Returns a user's code, and stores one if there is none.
     *
     * @param workspace where the user refers from
     * @param wish whose, with the code to store
     * @return the code that is stored, or empty if somebody else has the one to store
     */
    Optional<Code> code(WorkspaceId workspace, Wish wish);

    /**
     * Finds a code of any workspace, in one look.
     *
     * @param code in upper case
     * @param viewed whether to count that it was viewed, if it shares something
     * @return the code, or empty if there is none, or the workspace or the user is gone
     */
    Optional<Found> find(String code, boolean viewed);

    /**
     * Ends a code: from then on nobody is referred by it.
     *
     * @param workspace whose
     * @param code in upper case
     * @return whether it was there and active
     */
    boolean deactivate(WorkspaceId workspace, String code);

    /**
     * Reads what is known about somebody who may be referred.
     *
     * @param workspace of the referrer
     * @param question who
     * @return what was found
     */
    FraudHistory history(WorkspaceId workspace, Question question);

    /**
     * Binds a new user to a referrer.
     *
     * @param workspace of the referrer
     * @param referral what to bind
     * @param events stored with it, if it is bound
     * @return what came of it
     */
    Bound bind(WorkspaceId workspace, NewReferral referral, List<GrowthEvent> events);

    /**
     * Notes that a referred user has reached a stage, in the workspaces of the referrers.
     *
     * @param programs in which programs
     * @param user who
     * @param in in which workspace the user has, kept with the referral if none is; {@code null} if that is not known
     * @param stage what was reached
     * @param at when
     * @return the referrals for which it is news, in the order of the programs
     */
    List<Reached> reach(List<String> programs, UserId user, @Nullable WorkspaceId in, Stage stage, Instant at);

    /**
     * Finds the referral of a user, whatever workspace it belongs to.
     *
     * @param program in which program
     * @param user who was referred
     * @return the referral with its workspace, or empty
     */
    Optional<Reached> referralOf(String program, UserId user);

    /**
     * Finds a referral by its id.
     *
     * @param workspace of the referrer
     * @param program in which program
     * @param referral its id
     * @return the referral, or empty
     */
    Optional<Reached> find(WorkspaceId workspace, String program, UUID referral);

    /**
     * Changes what is thought of a referral.
     *
     * @param workspace of the referrer
     * @param program in which program
     * @param referral its id
     * @param standing what is thought now
     * @param verdict why, as text
     * @return whether it was {@link Standing#HELD}, and is not any more
     */
    boolean judge(WorkspaceId workspace, String program, UUID referral, Standing standing, String verdict);

    /**
     * Finds referrals that wait for somebody to look at them.
     *
     * @param workspace of the referrers
     * @param program in which program
     * @param most how many at most
     * @return the oldest first
     */
    List<Edge> held(WorkspaceId workspace, String program, int most);

    /**
     * Finds whom a user has referred.
     *
     * @param workspace of the referrer
     * @param program in which program
     * @param referrer who
     * @param most how many at most
     * @return the latest first
     */
    List<Edge> referrals(WorkspaceId workspace, String program, UserId referrer, int most);

    /**
     * Counts what came of what users share.
     *
     * @param workspace of the sharing users
     * @param program in which program
     * @return a line for each link
     */
    List<ShareCounts> shares(WorkspaceId workspace, String program);

    /**
     * Stores that somebody was invited.
     *
     * @param workspace of the sender
     * @param program for which program
     * @param sender who
     * @param id of the invitation; storing one again changes nothing
     * @param at when
     * @return whether it was new
     */
    boolean invited(WorkspaceId workspace, String program, UserId sender, UUID id, Instant at);

    /**
     * Finds where a user stands.
     *
     * @param workspace whose graph
     * @param program of which program
     * @param user who
     * @return depth and size, or empty if the user is not in the graph
     */
    Optional<Position> position(WorkspaceId workspace, String program, UserId user);

    /**
     * Finds by whom a user was referred, and by whom that one, and so on.
     *
     * @param workspace whose graph
     * @param program of which program
     * @param user who
     * @param most how many at most
     * @return the nearest first; an erased user is empty
     */
    List<Optional<UserId>> ancestors(WorkspaceId workspace, String program, UserId user, int most);

    /**
     * Counts how deep a user is over all workspaces.
     *
     * @param program of which program
     * @param user who
     * @return how many referrals lead to the user; 0 if none
     */
    int depthOverall(String program, UserId user);

    /**
     * Counts the members of a graph by generation.
     *
     * @param workspace whose graph
     * @param program of which program
     * @return the sizes of the generations, the roots first, and how many of each have referred somebody
     */
    List<Generation> generations(WorkspaceId workspace, String program);

    /**
     * Finds the members with the largest subtrees.
     *
     * @param workspace whose graph
     * @param program of which program
     * @param most how many
     * @return the largest first, equal ones in the order of their ids; without erased users
     */
    List<Subtree> largest(WorkspaceId workspace, String program, int most);

    /**
     * Reads all referrals, for exports and recomputation.
     *
     * @param workspace whose graph
     * @param program of which program
     * @return all of them, in no particular order
     */
    List<Edge> all(WorkspaceId workspace, String program);

    /**
     * Brings what is kept beside the referrals, such as the sizes of subtrees, closer to date; does nothing if somebody else is about it.
     *
     * @param workspace whose graph
     * @param program of which program
     * @return how many referrals were added in; there may be more while it is not 0
     */
    int tidy(WorkspaceId workspace, String program);

    /** What is thought of a referral. */
    enum Standing {
        /** Nothing is against it. */
        FINE,
        /** Somebody is to look at it. */
        HELD,
        /** It earns nothing. */
        REJECTED
    }

    /** What {@link #bind} did. */
    enum Bound {
        /** The user is bound. */
        BOUND,
        /** The user was bound before. */
        ALREADY,
        /** The user has, perhaps by others, referred the referrer. */
        LOOP
    }

    /**
     * By what a person may be recognised, hashed with the secret of the workspace.
     *
     * @param email of the canonical address
     * @param domain of the address's domain
     * @param device of the device
     * @param ip of the network
     */
    record Traces(
            @Nullable String email,
            @Nullable String domain,
            @Nullable String device,
            @Nullable String ip) {

        /** Nothing is known. */
        public static final Traces NONE = new Traces(null, null, null, null);

        /**
         * Tells whether nothing is known.
         *
         * @return whether all is missing
         */
        public boolean isEmpty() {
            return equals(NONE);
        }
    }

    /**
     * Whose code.
     *
     * @param program in which program
     * @param user whose
     * @param artefact what it shares, empty for nothing in particular
     * @param code what to store
     * @param traces of the user, replaced where they are known
     * @param at now
     */
    record Wish(String program, UserId user, String artefact, String code, Traces traces, Instant at) {}

    /**
     * A stored code.
     *
     * @param code in upper case
     * @param active whether people may be referred by it
     * @param createdAt when it was stored
     */
    record Code(String code, boolean active, Instant createdAt) {}

    /**
     * A code with where it leads.
     *
     * @param workspace of the user
     * @param program in which program
     * @param user whose it is
     * @param artefact what it shares, empty for nothing in particular
     * @param code the code
     */
    record Found(WorkspaceId workspace, String program, UserId user, String artefact, Code code) {}

    /**
     * Who may be referred by whom.
     *
     * @param program in which program
     * @param referrer by whom
     * @param user who
     * @param traces of the user
     * @param at now
     */
    record Question(String program, UserId referrer, UserId user, Traces traces, Instant at) {}

    /**
     * What to bind.
     *
     * @param id of the referral, and of the user's place in the graph
     * @param rootId of the referrer's place in the graph, if the referrer has none yet
     * @param program in which program
     * @param version of the program
     * @param referrer by whom
     * @param user who
     * @param code by which code
     * @param artefact what the code shares, empty for nothing in particular
     * @param signedUpAt when the user signed up
     * @param at now
     * @param standing what is thought of it
     * @param verdict why, as text
     * @param traces of the user
     */
    record NewReferral(
            UUID id,
            UUID rootId,
            String program,
            int version,
            UserId referrer,
            UserId user,
            String code,
            String artefact,
            Instant signedUpAt,
            Instant at,
            Standing standing,
            String verdict,
            Traces traces) {}

    /**
     * A stored referral.
     *
     * @param id see {@link NewReferral#id()}
     * @param program in which program
     * @param version of the program when it was bound
     * @param referrer by whom; {@code null} if erased
     * @param user who; {@code null} if erased
     * @param code by which code
     * @param artefact what the code shares, empty for nothing in particular
     * @param signedUpAt when the user signed up
     * @param boundAt when it was bound
     * @param stages when the user reached which stage, by its name
     * @param standing what is thought of it
     * @param verdict why, as text
     */
    record Edge(
            UUID id,
            String program,
            int version,
            @Nullable UserId referrer,
            @Nullable UserId user,
            String code,
            String artefact,
            Instant signedUpAt,
            Instant boundAt,
            Map<String, Instant> stages,
            Standing standing,
            String verdict) {

        /** Copies the stages. */
        public Edge {
            Objects.requireNonNull(id, "id");
            stages = Map.copyOf(stages);
        }
    }

    /**
     * A referral with the workspace it belongs to.
     *
     * @param workspace of the referrer
     * @param referral the referral
     * @param referredIn the workspace in which the referred user first reached a stage; {@code null} if that is not known
     */
    record Reached(
            WorkspaceId workspace, Edge referral, @Nullable WorkspaceId referredIn) {}

    /**
     * What came of what a user shares.
     *
     * @param user who shares
     * @param artefact what
     * @param code by which code
     * @param views how often it was viewed
     * @param signUps how many signed up by it
     * @param activated how many of those were activated
     * @param paid how many of those have paid
     */
    record ShareCounts(
            UserId user, String artefact, String code, long views, long signUps, long activated, long paid) {}

    /**
     * Where a user stands.
     *
     * @param depth how many referrals lead to the user within the workspace's graph
     * @param size how many people are in the subtree, the user included
     */
    record Position(int depth, long size) {}

    /**
     * A generation.
     *
     * @param members how many people
     * @param referrers how many of them have referred somebody
     */
    record Generation(long members, long referrers) {}

    /**
     * A member and the size of the subtree.
     *
     * @param user the member
     * @param size how many people are in the subtree, the member included
     */
    record Subtree(UserId user, long size) {}
}
