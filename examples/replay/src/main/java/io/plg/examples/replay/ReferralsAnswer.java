package io.plg.examples.replay;

import io.plg.referral.ReferralGraph;
import io.plg.virality.KFactor;
import io.plg.virality.ViralCycle;
import java.time.LocalDate;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/**
 * What the library says about the referrals of a file.
 *
 * @param figures of all members, those in no referral included
 * @param generations the roots first
 * @param largest the members with the largest subtrees
 * @param k how many users one member brought, if there are members
 * @param timed whether the rows have times
 * @param cycle how long it took, if there are times and referrals
 * @param asked the kind of period, if asked for
 * @param periods K by the period in which members were first seen, by month unless asked otherwise; empty without times
 * @param rejected how many rows made no referral, by reason
 * @param store where the data lay
 * @param simulated whether the users were made up by the simulator
 */
record ReferralsAnswer(
        ReferralGraph.Figures figures,
        List<ReferralGraph.Generation> generations,
        List<ReferralGraph.Subtree> largest,
        Optional<KFactor> k,
        boolean timed,
        Optional<ViralCycle> cycle,
        Optional<EntryPeriods> asked,
        List<Period> periods,
        Map<String, Long> rejected,
        String store,
        boolean simulated) {

    /** What K is without a window, also where there is none. */
    static final String DEFINITION = "edges ÷ members";

    /**
     * The members who were first seen in one period.
     *
     * @param start its first day
     * @param k how many users one of them brought, whenever
     */
    record Period(LocalDate start, KFactor k) {}

    ReferralsAnswer {
        generations = List.copyOf(generations);
        largest = List.copyOf(largest);
        periods = List.copyOf(periods);
        rejected = Collections.unmodifiableMap(new TreeMap<>(rejected));
    }

    EntryPeriods period() {
        return asked.orElse(EntryPeriods.MONTH);
    }

    String input() {
        return Words.count(figures.members(), "member") + (simulated ? ", simulated" : "") + " · " + store;
    }
}
