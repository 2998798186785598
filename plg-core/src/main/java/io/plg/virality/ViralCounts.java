package io.plg.virality;

import java.math.BigInteger;
import java.util.Objects;
import java.util.OptionalLong;

/**
 * What the viral coefficient of a cohort is made of: a few sums over its members. They add up over cohorts and workspaces that do
 * not share members, so a store can keep them per day and {@link #plus} makes any range of days.
 *
 * <p>Invitations are known or not. Not known is no zero: sums with members whose invitations were not recorded have none. Without members
 * nothing is known about invitations, so they are empty there, and such counts change nothing when added.
 *
 * @param members how many members the cohort has
 * @param invitations how many invitations they sent in time; empty if invitations were not recorded
 * @param senders how many of the members sent at least one of these; empty if and only if {@code invitations} is
 * @param converted how many users they brought in time: the sum of x over all members, with x how many a member brought. It may
 *     exceed {@code invitations}, as one shared link can bring several users
 * @param squares the sum of x · x over all members, which tells whether many members brought a few or a few brought many
 */
public record ViralCounts(long members, OptionalLong invitations, OptionalLong senders, long converted, long squares) {
    private static final ViralCounts NONE = new ViralCounts(0, OptionalLong.empty(), OptionalLong.empty(), 0, 0);

    /**
     * Checks that members with such sums can exist.
     *
     * @throws IllegalArgumentException if a count is negative, only one of {@code invitations} and {@code senders} is given, or the counts
     *     contradict each other
     */
    public ViralCounts {
        Objects.requireNonNull(invitations, "invitations");
        Objects.requireNonNull(senders, "senders");
        notNegative("members", members);
        notNegative("converted", converted);
        notNegative("squares", squares);
        if (invitations.isPresent() != senders.isPresent()) {
            throw new IllegalArgumentException("invitations and senders must both be given or both be empty, were "
                    + invitations + " and " + senders);
        }
        if (invitations.isPresent()) {
            checkSenders(members, invitations.getAsLong(), senders.getAsLong());
        }
        checkSquares(members, converted, squares);
        if (members == 0) {
            invitations = OptionalLong.empty();
            senders = OptionalLong.empty();
        }
    }

    private static void checkSenders(long members, long invitations, long senders) {
        notNegative("invitations", invitations);
        notNegative("senders", senders);
        if (senders > members) {
            throw new IllegalArgumentException("senders must be at most members = " + members + ", was " + senders);
        }
        if (senders > invitations || (senders == 0 && invitations > 0)) {
            throw new IllegalArgumentException("senders must be " + (invitations == 0 ? "0" : "1 to " + invitations)
                    + " with invitations = " + invitations + ", was " + senders);
        }
    }

    private static void checkSquares(long members, long converted, long squares) {
        BigInteger squareOfSum = BigInteger.valueOf(converted).pow(2);
        BigInteger most = BigInteger.valueOf(members).multiply(BigInteger.valueOf(squares));
        if (squares < converted || BigInteger.valueOf(squares).compareTo(squareOfSum) > 0) {
            throw new IllegalArgumentException("squares must be from converted = " + converted + " to its square, was "
                    + squares + "; it is the sum of x * x over the members");
        }
        if (squareOfSum.compareTo(most) > 0) {
            throw new IllegalArgumentException("squares must be at least converted * converted / members, was "
                    + squares + " with converted = " + converted + " and members = " + members);
        }
    }

    private static void notNegative(String field, long value) {
        if (value < 0) {
            throw new IllegalArgumentException(field + " must not be negative, was " + value);
        }
    }

    /**
     * Returns the counts of no members, to start a sum with.
     *
     * @return counts that change nothing when added
     */
    public static ViralCounts none() {
        return NONE;
    }

    /**
     * Counts members whose invitations were not recorded.
     *
     * @param referred for each member, how many users the member brought; neither kept nor changed
     * @return the counts
     * @throws IllegalArgumentException if a number is negative
     * @throws ArithmeticException if a sum exceeds a {@code long}
     */
    public static ViralCounts ofMembers(long... referred) {
        return ofReferrers(referred.length, referred);
    }

    /**
     * Counts members whose invitations were recorded.
     *
     * @param invitations for each member, how many invitations the member sent; neither kept nor changed
     * @param referred for each member, in the same order, how many users the member brought; neither kept nor changed
     * @return the counts
     * @throws IllegalArgumentException if the two differ in length or a number is negative
     * @throws ArithmeticException if a sum exceeds a {@code long}
     */
    public static ViralCounts ofMembers(long[] invitations, long[] referred) {
        if (invitations.length != referred.length) {
            throw new IllegalArgumentException("invitations and referred must have one number per member, had "
                    + invitations.length + " and " + referred.length);
        }
        long sent = 0;
        long senders = 0;
        for (long each : invitations) {
            notNegative("invitations", each);
            sent = sum("invitations", sent, each);
            senders += each > 0 ? 1 : 0;
        }
        ViralCounts counts = ofMembers(referred);
        return new ViralCounts(
                counts.members, OptionalLong.of(sent), OptionalLong.of(senders), counts.converted, counts.squares);
    }

    /**
     * Counts members of whom only those are listed who brought somebody, as a graph of referrals has them.
     *
     * @param members how many members there are, listed or not
     * @param referred for each member who brought somebody, how many; neither kept nor changed
     * @return the counts, without invitations
     * @throws IllegalArgumentException if a number is negative or more are listed than there are members
     * @throws ArithmeticException if a sum exceeds a {@code long}
     */
    public static ViralCounts ofReferrers(long members, long... referred) {
        notNegative("members", members);
        if (referred.length > members) {
            throw new IllegalArgumentException(
                    "referred must list at most members = " + members + ", had " + referred.length);
        }
        long converted = 0;
        long squares = 0;
        for (long each : referred) {
            notNegative("referred", each);
            converted = sum("converted", converted, each);
            if (each > 3_037_000_499L) { // its square is no long
                throw tooLarge("squares");
            }
            squares = sum("squares", squares, each * each);
        }
        return new ViralCounts(members, OptionalLong.empty(), OptionalLong.empty(), converted, squares);
    }

    /**
     * Returns the counts of these members and others. Invitations stay known only if they are known of both.
     *
     * @param others the counts of other members
     * @return the counts of all
     * @throws ArithmeticException if a sum exceeds a {@code long}
     */
    public ViralCounts plus(ViralCounts others) {
        if (members == 0) {
            return others;
        }
        if (others.members == 0) {
            return this;
        }
        return new ViralCounts(
                sum("members", members, others.members),
                sum("invitations", invitations, others.invitations),
                sum("senders", senders, others.senders),
                sum("converted", converted, others.converted),
                sum("squares", squares, others.squares));
    }

    private static OptionalLong sum(String field, OptionalLong a, OptionalLong b) {
        return a.isPresent() && b.isPresent()
                ? OptionalLong.of(sum(field, a.getAsLong(), b.getAsLong()))
                : OptionalLong.empty();
    }

    private static long sum(String field, long a, long b) {
        long sum = a + b;
        if (sum < 0) { // neither is negative
            throw tooLarge(field);
        }
        return sum;
    }

    private static ArithmeticException tooLarge(String field) {
        return new ArithmeticException(field + " must be at most " + Long.MAX_VALUE + "; count fewer members at once");
    }
}
