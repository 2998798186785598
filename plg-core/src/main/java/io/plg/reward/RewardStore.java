package io.plg.reward;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.event.GrowthEvent;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Where adapters keep rewards, their ledger and what is left of their caps. Applications do not call it.
 *
 * <p>Which state follows which is decided above, by code that is the same for every adapter:
 *
 * <pre>
 *   decide ──▶ FLAGGED ◀──▶ PENDING ──▶ APPROVED ──▶ ISSUED ──▶ CLAWED_BACK
 *                 │            │            │
 *                 ▼            ▼            ▼
 *              REJECTED     CANCELED     CANCELED
 * </pre>
 *
 * <p>Rules for implementers: {@link #decide} is atomic; for one {@link Key} it stores one reward, whatever other transactions do; each cap is taken by one conditional
 * update, all or none; entries are only ever added; {@link #lock} gives a reward to one transaction at a time. Calls on a deleted workspace throw {@code WorkspaceDeleted}, calls about an
 * erased user {@code UserErased}; erasing a user takes the user's id out of rewards and entries, which stay. The contract test is {@code RewardContract} of plg-testkit.
 */
public interface RewardStore {

    /**
     * Stores a reward unless there is one of its key, and takes its caps.
     *
     * @param workspace of the beneficiary
     * @param reward what to store if no cap is in the way
     * @param takes what it takes of which caps
     * @param entries for the ledger, if no cap is in the way
     * @param events stored with it, if no cap is in the way
     * @return what came of it
     */
    Decided decide(WorkspaceId workspace, Row reward, List<Take> takes, List<Entry> entries, List<GrowthEvent> events);

    /**
     * Counts one more of something.
     *
     * @param workspace whose
     * @param program of which program
     * @param counter what is counted
     * @param user for whom
     * @return how many there are now
     */
    long count(WorkspaceId workspace, String program, String counter, UserId user);

    /**
     * Reads a reward and keeps others from changing it until the transaction ends.
     *
     * @param workspace whose
     * @param id its id
     * @return the reward, or empty
     */
    Optional<Row> lock(WorkspaceId workspace, UUID id);

    /**
     * Stores what became of a reward that this transaction has locked.
     *
     * @param workspace whose
     * @param reward what it is now
     * @param returned what is given back to its caps
     * @param entries for the ledger
     * @param events stored with it
     */
    void update(WorkspaceId workspace, Row reward, List<Take> returned, List<Entry> entries, List<GrowthEvent> events);

    /**
     * Adds to the ledger.
     *
     * @param workspace whose
     * @param entries what to add
     */
    void append(WorkspaceId workspace, List<Entry> entries);

    /**
     * Finds a reward.
     *
     * @param workspace whose
     * @param id its id
     * @return the reward, or empty
     */
    Optional<Row> find(WorkspaceId workspace, UUID id);

    /**
     * Finds the rewards of a user.
     *
     * @param workspace whose
     * @param user who
     * @param most how many at most
     * @return the latest first
     */
    List<Row> of(WorkspaceId workspace, UserId user, int most);

    /**
     * Finds what was decided at a qualifying event.
     *
     * @param workspace whose
     * @param program of which program
     * @param event see {@link Key#event()}
     * @return the rewards, in the order in which they were decided
     */
    List<Row> decidedAt(WorkspaceId workspace, String program, String event);

    /**
     * Finds rewards in a state.
     *
     * @param workspace whose
     * @param state which
     * @param most how many at most
     * @return the oldest first
     */
    List<Row> in(WorkspaceId workspace, RewardState state, int most);

    /**
     * Finds rewards for which {@link Row#dueAt()} has come.
     *
     * @param workspace whose
     * @param now until when
     * @param most how many at most
     * @return the earliest first
     */
    List<Row> due(WorkspaceId workspace, Instant now, int most);

    /**
     * Finds workspaces that have rewards for which {@link Row#dueAt()} has come; an adapter may name one too many, never one too few.
     *
     * @param now until when
     * @param most how many at most
     * @return their ids
     */
    List<WorkspaceId> workspacesDue(Instant now, int most);

    /**
     * Notes that a workspace has been looked at and has nothing due before a time.
     *
     * @param workspace which
     * @param now until when it had nothing left
     */
    void lookedAt(WorkspaceId workspace, Instant now);

    /**
     * Sums the entries of a user.
     *
     * @param workspace whose
     * @param user who
     * @return the sums by unit; no unit without entries
     */
    Map<String, BigDecimal> balances(WorkspaceId workspace, UserId user);

    /**
     * Reads the ledger.
     *
     * @param workspace whose
     * @param user of whom, or {@code null} for everybody
     * @return all entries, in the order in which they were added
     */
    List<Entry> entries(WorkspaceId workspace, @Nullable UserId user);

    /**
     * What makes a reward the only one.
     *
     * @param program the name of the program or campaign
     * @param rule the name of the rule
     * @param event at which event it was earned
     * @param party who gets it
     */
    record Key(String program, String rule, String event, Party party) {

        /** Checks that nothing is missing. */
        public Key {
            Objects.requireNonNull(program, "program");
            Objects.requireNonNull(rule, "rule");
            Objects.requireNonNull(event, "event");
            Objects.requireNonNull(party, "party");
        }
    }

    /**
     * A stored reward.
     *
     * @param id its id
     * @param key what makes it the only one
     * @param user who gets it; {@code null} if erased
     * @param state where it stands
     * @param benefit what it gives
     * @param terms the rule it was made under, as text
     * @param decidedAt when it was decided
     * @param dueAt when it goes on by itself: to APPROVED or ISSUED, or to the end of its claim; {@code null} for never
     * @param issuedAt when it was given; {@code null} if it was not
     * @param clawBackUntil until when it may be taken back; {@code null} if it was not given
     * @param reason why it is where it is, empty for nothing in particular
     * @param taken the caps that it has taken
     * @param provision by what the benefit can be ended; {@code null} for nothing
     * @param fulfilment whether somebody outside is to hear of it
     * @param refunded which part of what earned it was taken back, 0 to 1
     */
    record Row(
            UUID id,
            Key key,
            @Nullable UserId user,
            RewardState state,
            Benefit benefit,
            String terms,
            Instant decidedAt,
            @Nullable Instant dueAt,
            @Nullable Instant issuedAt,
            @Nullable Instant clawBackUntil,
            String reason,
            List<Take> taken,
            @Nullable UUID provision,
            Fulfilment fulfilment,
            BigDecimal refunded) {

        /** Copies the caps. */
        public Row {
            taken = List.copyOf(taken);
        }

        /**
         * Returns this reward in another state.
         *
         * @param next the state
         * @param due when it goes on by itself; {@code null} for never
         * @param why the reason
         * @return the reward in it
         */
        public Row to(RewardState next, @Nullable Instant due, String why) {
            return new Row(
                    id,
                    key,
                    user,
                    next,
                    benefit,
                    terms,
                    decidedAt,
                    due,
                    issuedAt,
                    clawBackUntil,
                    why,
                    taken,
                    provision,
                    fulfilment,
                    refunded);
        }

        /**
         * Returns this reward without the caps that it has taken.
         *
         * @return the reward without them
         */
        public Row untaken() {
            return new Row(
                    id,
                    key,
                    user,
                    state,
                    benefit,
                    terms,
                    decidedAt,
                    dueAt,
                    issuedAt,
                    clawBackUntil,
                    reason,
                    List.of(),
                    provision,
                    fulfilment,
                    refunded);
        }

        /**
         * Returns this reward with what was told outside.
         *
         * @param next what was told, or is to be
         * @param due when it is to be told; {@code null} for never
         * @return the reward with it
         */
        public Row fulfilment(Fulfilment next, @Nullable Instant due) {
            return new Row(
                    id,
                    key,
                    user,
                    state,
                    benefit,
                    terms,
                    decidedAt,
                    due,
                    issuedAt,
                    clawBackUntil,
                    reason,
                    taken,
                    provision,
                    next,
                    refunded);
        }

        /**
         * Returns this reward with another part taken back of what earned it.
         *
         * @param part the part, 0 to 1
         * @return the reward with it
         */
        public Row refunded(BigDecimal part) {
            return new Row(
                    id,
                    key,
                    user,
                    state,
                    benefit,
                    terms,
                    decidedAt,
                    dueAt,
                    issuedAt,
                    clawBackUntil,
                    reason,
                    taken,
                    provision,
                    fulfilment,
                    part);
        }
    }

    /** Whether somebody outside is to hear of a reward. */
    enum Fulfilment {
        /** Nobody is. */
        NONE,
        /** That it is given. */
        TO_FULFIL,
        /** It was told that it is given. */
        FULFILLED,
        /** That it is taken back. */
        TO_REVOKE,
        /** It was told that it is taken back. */
        REVOKED
    }

    /**
     * A part of a cap.
     *
     * @param program of which program or campaign
     * @param cap the name of the cap
     * @param scope over what it counts
     * @param user for whom, if it is one's own
     * @param periodStart in which period; {@code Instant.EPOCH} for a cap that has none
     * @param count how many rewards
     * @param money how much money, in minor units
     * @param mostCount how many rewards there may be, or -1 for any number
     * @param mostMoney how much money there may be, or -1 for any amount
     */
    record Take(
            String program,
            String cap,
            RewardCap.Scope scope,
            @Nullable UserId user,
            Instant periodStart,
            long count,
            long money,
            long mostCount,
            long mostMoney) {}

    /**
     * What {@link #decide} did.
     *
     * @param outcome what came of it
     * @param id of the reward that is stored now; of {@code CAPPED} none is
     * @param cap which cap was in the way, empty for none
     */
    record Decided(Outcome outcome, UUID id, String cap) {

        /** What came of it. */
        public enum Outcome {
            /** It is stored. */
            STORED,
            /** There was one of its key before. */
            ALREADY,
            /** A cap was in the way, and nothing is stored. */
            CAPPED
        }
    }

    /**
     * A line of the ledger.
     *
     * @param id its id, ascending
     * @param reward of which reward; {@code null} for what was spent
     * @param user for whom; {@code null} if erased
     * @param unit of what
     * @param amount how much: positive for what is given, negative for what is taken back
     * @param kind why
     * @param at when
     */
    record Entry(
            UUID id,
            @Nullable UUID reward,
            @Nullable UserId user,
            String unit,
            BigDecimal amount,
            String kind,
            Instant at) {}
}
