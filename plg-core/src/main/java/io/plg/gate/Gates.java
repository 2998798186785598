package io.plg.gate;

import io.plg.UserId;
import io.plg.plan.Feature;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.List;
import java.util.UUID;

/**
 * What a workspace may do, and the counting of what it does.
 *
 * <p>{@link #allows} is the question of the hot path and is answered from memory wherever the answer is clear. {@link #check} answers in full and
 * changes nothing. {@link #consume} decides and counts in one atomic step: with any number of callers on any number of nodes the total never exceeds
 * a limit that blocks. Called inside a transaction it is a part of it: if that rolls back, nothing was consumed.
 *
 * <p>A feature that the catalog does not have is denied with {@link Reason#FEATURE_NOT_FOUND}, and one that the plan does not have with {@link
 * Reason#NOT_IN_PLAN}. If the store cannot be reached, {@code allows},
 * {@code check}, {@code checkAll} and {@code consume} answer what the catalog says for the feature, with {@link Source#FALLBACK}, and {@code reserve} denies; everything
 * else, and everything inside a transaction, throws {@code StoreUnreachable}.
 *
 * <p>Amounts are whole units, or decimals for a feature that declares them; they must be positive. Every method throws
 * {@link NullPointerException} for a missing argument, {@code WorkspaceDeleted} after the workspace's deletion, and
 * those about metered features {@code UserErased} after the erasure of the {@linkplain #by member} who acts.
 */
public interface Gates {

    /**
     * Returns the same gates for what one member of the workspace does. The member's own limits hold then, besides the workspace's, and the ledger
     * says who it was.
     *
     * @param member who acts
     * @return the gates
     */
    Gates by(UserId member);

    /**
     * Tells whether a feature may be used now: whether a flag is on, or one more unit would be allowed. Flags, and metered features of which less
     * than half is used, are answered from memory, without I/O once they are known; then the answer may be two seconds old, and does not see what the running
     * transaction has done. Nearer to the limit the store is asked.
     *
     * @param feature which
     * @return whether it is allowed
     */
    boolean allows(Feature feature);

    /**
     * Answers whether a feature may be used once more, and changes nothing. Outside of a transaction the numbers may be from memory; then they
     * include all that this node did, and are less than two seconds behind other nodes. What was committed through {@code in(connection)} is known a moment later, since
     * plg does not see that commit.
     *
     * @param feature a flag, or a metered feature of which one unit is asked for
     * @return the answer
     */
    GateDecision check(Feature feature);

    /**
     * Answers whether so much more may be used, and changes nothing.
     *
     * @param feature which
     * @param amount how much, positive
     * @return the answer
     * @throws IllegalArgumentException if the amount is not positive or out of range
     */
    GateDecision check(Feature.Metered feature, long amount);

    /**
     * Answers whether so much more may be used, and changes nothing.
     *
     * @param feature which
     * @param amount how much, positive, with at most the feature's decimals
     * @return the answer
     * @throws IllegalArgumentException if the amount is not positive, out of range or too fine
     */
    GateDecision check(Feature.Metered feature, BigDecimal amount);

    /**
     * Answers {@link #check(Feature)} for every feature of the catalog, in its order, with one look at the store.
     *
     * @return the answers
     */
    List<GateDecision> checkAll();

    /**
     * Uses one unit, if that is allowed.
     *
     * @param feature which
     * @return the answer; if it is denied nothing was counted
     */
    GateDecision consume(Feature.Metered feature);

    /**
     * Uses so much, if all of it is allowed.
     *
     * @param feature which
     * @param amount how much, positive
     * @return the answer; if it is denied nothing was counted
     * @throws IllegalArgumentException if the amount is not positive or out of range
     */
    GateDecision consume(Feature.Metered feature, long amount);

    /**
     * Uses so much, if all of it is allowed.
     *
     * @param feature which
     * @param amount how much, positive, with at most the feature's decimals
     * @return the answer; if it is denied nothing was counted
     * @throws IllegalArgumentException if the amount is not positive, out of range or too fine
     */
    GateDecision consume(Feature.Metered feature, BigDecimal amount);

    /**
     * Uses one unit or throws.
     *
     * @param feature which
     * @return the answer, which is allowed
     * @throws LimitReached if it is denied, with the answer; nothing was counted
     */
    default GateDecision consumeOrThrow(Feature.Metered feature) {
        return LimitReached.unlessAllowed(consume(feature));
    }

    /**
     * Uses so much or throws.
     *
     * @param feature which
     * @param amount how much, positive
     * @return the answer, which is allowed
     * @throws LimitReached if it is denied, with the answer; nothing was counted
     * @throws IllegalArgumentException if the amount is not positive or out of range
     */
    default GateDecision consumeOrThrow(Feature.Metered feature, long amount) {
        return LimitReached.unlessAllowed(consume(feature, amount));
    }

    /**
     * Uses so much or throws.
     *
     * @param feature which
     * @param amount how much, positive, with at most the feature's decimals
     * @return the answer, which is allowed
     * @throws LimitReached if it is denied, with the answer; nothing was counted
     * @throws IllegalArgumentException if the amount is not positive, out of range or too fine
     */
    default GateDecision consumeOrThrow(Feature.Metered feature, BigDecimal amount) {
        return LimitReached.unlessAllowed(consume(feature, amount));
    }

    /**
     * Decides about more of what the host itself counts, such as rows of its own table. Whoever decides about the same cap of the same workspace waits
     * until this transaction has ended, so the count cannot become wrong between the decision and the insert: the race in which two
     * transactions count the same rows and both insert one. The count replaces what was stored as used.
     *
     * @param cap which
     * @param amount how much is about to be added, positive
     * @param count counts what exists, in the same transaction, without what is about to be added
     * @return the answer
     * @throws IllegalStateException outside of a transaction, where the decision would protect nothing
     * @throws IllegalArgumentException if the amount is not positive or out of range, or the count is negative
     */
    GateDecision admit(Feature.Cap cap, long amount, LiveCount count);

    /**
     * Holds so much for what is about to be done, if all of it is allowed. What is held counts against the limit.
     *
     * @param feature which
     * @param amount how much, positive
     * @param length after which time it is let go of by itself, positive and at most 31 days
     * @return what is held, or the refusal
     * @throws IllegalArgumentException if amount or length are out of range
     * @throws IllegalStateException if 10,000 reservations of the feature have been neither settled nor let go of
     */
    Reservation reserve(Feature.Metered feature, long amount, Duration length);

    /**
     * Holds so much for what is about to be done, if all of it is allowed. What is held counts against the limit.
     *
     * @param feature which
     * @param amount how much, positive, with at most the feature's decimals
     * @param length after which time it is let go of by itself, positive and at most 31 days
     * @return what is held, or the refusal
     * @throws IllegalArgumentException if amount or length are out of range
     */
    Reservation reserve(Feature.Metered feature, BigDecimal amount, Duration length);

    /**
     * Uses all that was held.
     *
     * @param reservation the id of the reservation
     * @return what became of it
     */
    Settlement confirm(UUID reservation);

    /**
     * Uses as much of what was held as it took; the rest is let go of. If it took more, the rest is asked for as by {@link #consume}, and if that is denied nothing
     * changes.
     *
     * @param reservation the id of the reservation
     * @param actual how much it took, 0 or more
     * @return what became of it
     * @throws IllegalArgumentException if the amount is negative or out of range
     */
    Settlement confirm(UUID reservation, long actual);

    /**
     * Uses as much of what was held as it took; the rest is let go of.
     *
     * @param reservation the id of the reservation
     * @param actual how much it took, 0 or more, with at most the feature's decimals
     * @return what became of it
     * @throws IllegalArgumentException if the amount is negative, out of range or too fine
     */
    Settlement confirm(UUID reservation, BigDecimal actual);

    /**
     * Lets go of what was held. It returns to exactly the grants that it came from.
     *
     * @param reservation the id of the reservation
     * @return what became of it
     */
    Settlement release(UUID reservation);

    /**
     * Gives back one unit: a project was deleted, an export failed.
     *
     * @param feature which
     * @return what was given back
     */
    default Refund refund(Feature.Metered feature) {
        return refund(feature, 1);
    }

    /**
     * Gives back so much of what was used last: it returns to exactly the grants that it came from. No more than is used is given back.
     *
     * @param feature which
     * @param amount how much, positive
     * @return what was given back
     * @throws IllegalArgumentException if the amount is not positive or out of range
     */
    Refund refund(Feature.Metered feature, long amount);

    /**
     * Gives back so much of what was used last: it returns to exactly the grants that it came from. No more than is used is given back.
     *
     * @param feature which
     * @param amount how much, positive, with at most the feature's decimals
     * @return what was given back
     * @throws IllegalArgumentException if the amount is not positive, out of range or too fine
     */
    Refund refund(Feature.Metered feature, BigDecimal amount);

    /**
     * Gives back what is left of one consumption, to exactly the grants that it came from. Doing so again gives back nothing. What was used in a period
     * that is over lowers nothing of the present one; it returns to those of its grants that are still there.
     *
     * @param feature which
     * @param receipt the {@link GateDecision#receipt()} of the consumption
     * @return what was given back
     */
    Refund refund(Feature.Metered feature, Receipt receipt);

    /**
     * Leases a slice of a quota, from which this node answers without asking the store, for what is used more often than the store can be asked. The lease is kept by
     * itself until it is closed; when this node dies it ends.
     *
     * @param quota which
     * @param slice how many whole units to have at a time, as far as there are that many: enough for some seconds, and little beside the limit
     * @return the slice, which may be empty
     * @throws IllegalStateException inside a transaction, or for a {@linkplain #by member}, whose limit a slice would not know
     * @throws UnknownFeature if the catalog has no such feature
     * @throws IllegalArgumentException if the size is not positive or out of range
     */
    LeasedQuota lease(Feature.Quota quota, long slice);

    /**
     * Says how many exist at present, after an import or to mend a count. It is never denied, also above the limit.
     *
     * @param cap which
     * @param count how many, 0 or more
     * @return how things stand
     * @throws IllegalArgumentException if the count is negative or out of range
     */
    GateDecision set(Feature.Cap cap, long count);

    /**
     * Says how much exists at present, after an import or to mend a count. It is never denied, also above the limit.
     *
     * @param cap which
     * @param count how much, 0 or more, with at most the feature's decimals
     * @return how things stand
     * @throws IllegalArgumentException if the count is negative, out of range or too fine
     */
    GateDecision set(Feature.Cap cap, BigDecimal count);

    /**
     * Explains how the answer about a feature comes about: plan, trial, add-ons, override, each grant with what is left of it.
     *
     * @param feature which
     * @return the explanation
     */
    Explanation explain(Feature feature);

    /**
     * Tells what would change if the workspace were put on a plan: above all what would be over its limit after a downgrade. Grants,
     * overrides and add-ons stay as they are.
     *
     * @param plan the name of a plan
     * @return the preview
     * @throws UnknownPlan if the catalog has no such plan
     */
    PlanPreview previewPlan(String plan);
}
