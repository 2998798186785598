package io.plg.internal;

import io.plg.UserId;
import io.plg.virality.ViralCounts;
import io.plg.virality.ViralCycle;
import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * All that is counted of one workspace in one program, for stores that keep no sums.
 *
 * @param activated since when users are members
 * @param invitations who has invited somebody, and when
 * @param brought who has referred somebody who was activated, and when that was
 */
public record ViralFacts(Map<UserId, Instant> activated, Collection<Act> invitations, Collection<Act> brought) {

    /** Copies what it is given. */
    public ViralFacts {
        activated = Map.copyOf(activated);
        invitations = List.copyOf(invitations);
        brought = List.copyOf(brought);
    }

    /**
     * Counts a cohort.
     *
     * @param from the start, inclusive
     * @param to the end, exclusive
     * @param window how long after becoming a member something counts, the end included
     * @return the sums
     */
    public ViralCounts counts(Instant from, Instant to, Duration window) {
        List<UserId> members = activated.entrySet().stream()
                .filter(member -> isIn(member.getValue(), from, to))
                .map(Map.Entry::getKey)
                .toList();
        long[] referred = perMember(members, brought, window);
        return invitations.isEmpty()
                ? ViralCounts.ofMembers(referred)
                : ViralCounts.ofMembers(perMember(members, invitations, window), referred);
    }

    private long[] perMember(List<UserId> members, Collection<Act> acts, Duration window) {
        var counts = new HashMap<UserId, Long>();
        for (Act act : acts) {
            Instant start = activated.get(act.by());
            if (start != null && !act.at().isBefore(start) && !act.at().isAfter(start.plus(window))) {
                counts.merge(act.by(), 1L, Long::sum);
            }
        }
        return members.stream()
                .mapToLong(member -> counts.getOrDefault(member, 0L))
                .toArray();
    }

    /**
     * Measures the cycle.
     *
     * @param from the first instant at which a referred user was activated
     * @param to the first instant after
     * @return the cycle, or empty if there is no such referral
     */
    public Optional<ViralCycle> cycle(Instant from, Instant to) {
        return ViralCycle.ofMicros(brought.stream()
                .filter(act -> isIn(act.at(), from, to))
                .flatMap(act ->
                        Optional.ofNullable(activated.get(act.by()))
                                .map(start -> Duration.between(start, act.at()))
                                .stream())
                // ChronoUnit.MICROS.between goes through nanoseconds and overflows after 292 years.
                .mapToLong(elapsed -> elapsed.getSeconds() * 1_000_000 + elapsed.getNano() / 1_000)
                .toArray());
    }

    private static boolean isIn(Instant time, Instant from, Instant to) {
        return !time.isBefore(from) && time.isBefore(to);
    }

    /**
     * What somebody did.
     *
     * @param by who
     * @param at when
     */
    public record Act(UserId by, Instant at) {}
}
