package io.plg.gate;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.event.GrowthEvent;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Where adapters keep what workspaces have and how much of it they use. Applications do not call it.
 *
 * <p>What the numbers mean is decided above, by pure code that is the same for every adapter. A store keeps for each {@link MeterKey} one text, its state, and
 * gives it to one transaction at a time:
 *
 * <pre>
 *   open(lock) ──▶ the transaction has the meter ──▶ store ──▶ commit: everybody else sees the new state
 *                                                └─▶ rollback: nothing happened
 * </pre>
 *
 * <p>A store may offer a shorter way for the frequent case: with each state comes a {@link Lane} that says how much may be used until when without asking anew.
 * {@link #take} then counts against the lane in one statement. A store that does not offer it returns {@link Take.Undecided} and ignores lanes.
 *
 * <p>Rules for implementers: {@code open} with a lock waits until no other transaction has one of the meters, and then sees what those have committed;
 * a meter that was never stored can be locked too; meters are locked in the order of their keys, a workspace's before those of its members, because whoever has taken
 * from the workspace's lane in the same transaction has that already. What cannot be locked or stored, because the transaction cannot see what another one has
 * committed, throws {@code TransactionConflict}. A lane is valid only
 * while the workspace's version is the lane's: {@link #change} raises the version. Sequence numbers of entries are unique within (workspace, feature, slot). Amounts are in
 * steps of 10<sup>-decimals</sup>. Calls on a deleted workspace throw {@code WorkspaceDeleted}, calls with an erased user {@code UserErased}; erasing a user removes the user's
 * meters and takes the user's id out of the entries, which stay. The contract test is {@code GateContract} of plg-testkit.
 */
public interface UsageStore {

    /**
     * Reads what a workspace has.
     *
     * @param workspace which
     * @param endedAfter facts that have ended by then are left out
     * @return the facts
     */
    Facts facts(WorkspaceId workspace, Instant endedAfter);

    /**
     * Adds facts and ends others, and raises the workspace's version.
     *
     * @param workspace which
     * @param added what is new
     * @param ended ids of facts that end
     * @param at when these end, unless they have before
     * @return how many of them have not ended before
     */
    int change(WorkspaceId workspace, List<Fact> added, List<UUID> ended, Instant at);

    /**
     * Takes from a lane, in one atomic step that is committed with the caller's transaction.
     *
     * @param workspace which
     * @param wish what to take
     * @return what came of it
     */
    Take take(WorkspaceId workspace, Wish wish);

    /**
     * Reads meters and what the workspace has. With a lock they belong to this transaction until it ends.
     *
     * @param workspace which
     * @param actor who acts, or {@code null}
     * @param keys which meters
     * @param lock whether they are about to be stored; only inside a transaction
     * @return what is stored
     */
    Opened open(WorkspaceId workspace, @Nullable UserId actor, List<MeterKey> keys, boolean lock);

    /**
     * Stores what became of meters that this transaction has locked.
     *
     * @param workspace which
     * @param changes what to store, all or nothing
     */
    void store(WorkspaceId workspace, Changes changes);

    /**
     * Finds an entry by its place.
     *
     * @param workspace which
     * @param key of which meter; of the workspace
     * @param slot see {@link Entry#slot()}
     * @param sequence see {@link Entry#sequence()}
     * @return the entry, with the entries that {@linkplain Entry#refersTo() refer} to it, or nothing
     */
    List<Entry> entry(WorkspaceId workspace, MeterKey key, int slot, long sequence);

    /**
     * Finds the entries about a reservation.
     *
     * @param workspace which
     * @param hold its id
     * @return its entries in the order of their sequence, or nothing
     */
    List<Entry> entriesOf(WorkspaceId workspace, UUID hold);

    /**
     * Reads the ledger of a feature.
     *
     * @param workspace which
     * @param key of which meter; of the workspace
     * @return all entries, in no particular order
     */
    List<Entry> entries(WorkspaceId workspace, MeterKey key);

    /**
     * Names what is counted together.
     *
     * @param feature the name of the feature
     * @param decimals how many decimals its amounts have
     * @param member whose part of the workspace it is, or {@code null} for all of the workspace
     */
    record MeterKey(String feature, int decimals, @Nullable UserId member) implements Comparable<MeterKey> {

        /** Checks that nothing is missing. */
        public MeterKey {
            Objects.requireNonNull(feature, "feature");
        }

        /** By feature, then the workspace before its members. */
        @Override
        public int compareTo(MeterKey other) {
            int byFeature = feature.compareTo(other.feature);
            if (byFeature != 0) {
                return byFeature;
            }
            if (member == null || other.member == null) {
                return (member == null ? 0 : 1) - (other.member == null ? 0 : 1);
            }
            return member.value().compareTo(other.member.value());
        }
    }

    /**
     * Something that was said about what a workspace has.
     *
     * @param id its id
     * @param kind what it is about
     * @param feature the name of the feature or add-on, or {@code null}
     * @param effectiveAt from when on it holds
     * @param endsAt until when, exclusive, or {@code null}
     * @param statedAt when it was said
     * @param version the workspace's version that it made, which puts facts in order; of a new one the store decides
     * @param body what it says
     */
    record Fact(
            UUID id,
            String kind,
            @Nullable String feature,
            Instant effectiveAt,
            @Nullable Instant endsAt,
            Instant statedAt,
            long version,
            String body) {}

    /**
     * What a workspace has.
     *
     * @param version how often it was changed
     * @param facts the facts
     */
    record Facts(long version, List<Fact> facts) {

        /** Copies the list. */
        public Facts {
            facts = List.copyOf(facts);
        }
    }

    /**
     * A meter as stored.
     *
     * @param key which
     * @param state what was stored last, or {@code null} if nothing was
     * @param taken how much was taken from its lane since then
     */
    record Meter(MeterKey key, @Nullable String state, long taken) {}

    /**
     * What is stored.
     *
     * @param facts what the workspace has: all that has not ended before the meters were stored last
     * @param meters the meters, in the order of the keys
     * @param databaseTime the time of whoever decides about leases between nodes; {@code null} if there are no other nodes
     */
    record Opened(Facts facts, List<Meter> meters, @Nullable Instant databaseTime) {

        /** Copies the list. */
        public Opened {
            meters = List.copyOf(meters);
        }
    }

    /**
     * What may be used until when without asking anew. The amounts are those at the time of storing; what is taken adds to {@code used} and lessens {@code left} and
     * {@code remaining}.
     *
     * @param basis a number for the limit under which it was worked out: whoever has another one in mind must ask
     * @param version the workspace's version under which it was worked out
     * @param until until when, exclusive
     * @param left how much may be taken
     * @param bucket what it is taken from
     * @param denies whether more than {@code remaining} is denied, because it is more than the limit
     * @param used see {@link GateDecision#used()}
     * @param held see {@link GateDecision#held()}
     * @param limit see {@link GateDecision#limit()}
     * @param remaining see {@link GateDecision#remaining()}
     * @param overage see {@link GateDecision#overage()}
     * @param periodStart the beginning of the period, or {@code null} for a cap
     * @param periodEnd its end, likewise
     */
    record Lane(
            long basis,
            long version,
            Instant until,
            long left,
            String bucket,
            boolean denies,
            long used,
            long held,
            long limit,
            long remaining,
            long overage,
            @Nullable Instant periodStart,
            @Nullable Instant periodEnd) {}

    /**
     * What to take from a lane.
     *
     * @param key of which meter; of the workspace
     * @param amount how much
     * @param basis see {@link Lane#basis()}
     * @param now the business time
     * @param actor who acts, or {@code null}
     * @param slots over how many slots the lane is spread
     */
    record Wish(
            MeterKey key,
            long amount,
            long basis,
            Instant now,
            @Nullable UserId actor,
            int slots) {}

    /** What came of taking from a lane. */
    sealed interface Take {

        /** The lane does not tell: the meter must be opened. */
        enum Undecided implements Take {
            /** There is only one of it. */
            UNDECIDED
        }

        /**
         * It was taken, and stands in the ledger; or it is denied, and nothing was done.
         *
         * @param taken whether it was taken
         * @param slot the slot of the entry
         * @param sequence the sequence number of the entry
         * @param lane the lane, with the amounts as they are afterwards
         */
        record Decided(boolean taken, int slot, long sequence, Lane lane) implements Take {}
    }

    /**
     * What to store.
     *
     * @param meters what became of the meters
     * @param entries what to add to the ledger
     * @param events what happened
     * @param noted whether caches should look again
     */
    record Changes(List<MeterChange> meters, List<Entry> entries, List<GrowthEvent> events, boolean noted) {

        /** Copies the lists. */
        public Changes {
            meters = List.copyOf(meters);
            entries = List.copyOf(entries);
            events = List.copyOf(events);
        }
    }

    /**
     * What became of a meter.
     *
     * @param key which
     * @param state what to store
     * @param used how much is used, for readers of the table
     * @param held how much is held, likewise
     * @param asOf the business time of the state
     * @param slots over how many slots the lane is to be spread
     * @param lane the lane, or {@code null} for none
     */
    record MeterChange(
            MeterKey key,
            String state,
            long used,
            long held,
            Instant asOf,
            int slots,
            @Nullable Lane lane) {}

    /**
     * A line of the ledger, which is only added to. What is used in a period is the sum of {@code amount} of its entries.
     *
     * @param key of which meter
     * @param slot -1, or the slot of the lane that it was taken from
     * @param sequence its number within the slot
     * @param kind what was done
     * @param amount by how much it changed what is used
     * @param held by how much it changed what is held
     * @param parts which buckets it came from or went to: {@code bucket=amount} with commas between
     * @param actor who did it, or {@code null}
     * @param hold the reservation that it is about, or {@code null}
     * @param refersTo the slot and sequence, with a dot between, of the entry that it takes back; or {@code null}
     * @param at the business time
     * @param periodStart the beginning of the period that it counts in, or {@code null} for a cap
     */
    record Entry(
            MeterKey key,
            int slot,
            long sequence,
            Kind kind,
            long amount,
            long held,
            String parts,
            @Nullable UserId actor,
            @Nullable UUID hold,
            @Nullable String refersTo,
            Instant at,
            @Nullable Instant periodStart) {

        /**
         * Returns its place as text.
         *
         * @return slot and sequence, with a dot between
         */
        public String place() {
            return slot + "." + sequence;
        }
    }

    /** What an entry of the ledger is about. */
    enum Kind {
        /** An amount was used. */
        CONSUME,
        /** An amount was given back. */
        REFUND,
        /** An amount was held. */
        HOLD,
        /** A reservation was confirmed. */
        CONFIRM,
        /** A reservation was released. */
        RELEASE,
        /** A reservation expired. */
        EXPIRE,
        /** What exists was counted and said anew. */
        SET,
        /** A node has used so much of the slice that it leased. */
        SLICE
    }
}
