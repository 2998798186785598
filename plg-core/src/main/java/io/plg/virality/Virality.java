package io.plg.virality;

import java.time.Duration;
import java.time.Instant;
import java.time.YearMonth;
import java.util.Optional;

/**
 * How fast users of one workspace bring users in one referral program, from what was recorded.
 *
 * <p>The members of a cohort are the users who were activated in a range of time: they completed the aha step of the program's funnel. What a member did
 * counts for the time of the window, from the member's own activation on and both ends included: invitations that were
 * {@linkplain io.plg.referral.Referrals#recordInvitation(io.plg.UserId) recorded}, and activations of the users whom the member has referred, in whatever workspace these are. A referral
 * that is held or was rejected counts too: it says who came by whom, not who is to be rewarded.
 *
 * <p>As long as the workspace has recorded no invitation in the program, what has to do with invitations is empty, not 0. An erased user is no member any more;
 * users whom a member has referred still count for the member after their erasure.
 *
 * <p>What is returned counts all that was committed before the call, and what the transaction has written that the call is a part of. Every method throws {@code WorkspaceDeleted} after
 * the workspace's deletion and {@code StoreFailure} if the store fails.
 */
public interface Virality {

    /**
     * Returns the viral coefficient of the users who were activated in [from, to).
     *
     * @param from the start, inclusive
     * @param to the end, exclusive; the result is flagged immature unless {@code to + window} is over
     * @param window how long after a member's own activation invitations and activations count
     * @return K, or empty if nobody was activated then
     * @throws IllegalArgumentException if {@code from} is not before {@code to}, one of them is outside the years 1 to 9999, or the window is not positive, longer than 36,500 days or no
     *     whole number of microseconds
     * @throws IllegalStateException if {@code Plg} was built without funnels
     */
    Optional<KFactor> k(Instant from, Instant to, Duration window);

    /**
     * Returns the viral coefficient of the users who were activated in a month.
     *
     * @param month the month, in UTC
     * @param window how long after a member's own activation invitations and activations count
     * @return K, or empty if nobody was activated then
     * @throws IllegalArgumentException if the month is outside the years 1 to 9998, or the window is not positive, longer than 36,500 days or no whole number of microseconds
     * @throws IllegalStateException if {@code Plg} was built without funnels
     */
    Optional<KFactor> k(YearMonth month, Duration window);

    /**
     * Returns the viral coefficient of the graph of referrals, without a window: referrals ÷ members. Members are all who have referred somebody or were referred by somebody of this
     * workspace, activated or not, and also those who were erased.
     *
     * @return K, or empty if nobody was referred
     */
    Optional<KFactor> kOfGraph();

    /**
     * Returns how long one turn of the loop takes: the time from a referrer's activation in this workspace to that of a user whom the referrer has brought. A referrer who is not
     * activated is left out, with whom that one has brought.
     *
     * @param from the first instant of the activation of those who were brought
     * @param to the first instant after
     * @return the cycle, or empty if there is no such referral
     * @throws IllegalArgumentException if {@code from} is not before {@code to}, or one of them is outside the years 1 to 9999
     * @throws IllegalStateException if {@code Plg} was built without funnels
     */
    Optional<ViralCycle> cycleTime(Instant from, Instant to);
}
