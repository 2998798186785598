package io.plg.examples.replay;

import io.plg.Plg;
import io.plg.PlgBuilder;
import io.plg.SettableClock;
import io.plg.UserId;
import io.plg.examples.replay.ReferralRows.Entry;
import io.plg.fraud.FraudPolicy;
import io.plg.referral.Attribution;
import io.plg.referral.NewUser;
import io.plg.referral.ReferralGraph;
import io.plg.referral.ReferralProgram;
import io.plg.referral.Referrals;
import io.plg.virality.KFactor;
import io.plg.virality.ViralCounts;
import io.plg.virality.ViralCycle;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.ToLongFunction;
import java.util.stream.Stream;

/** Has plg attribute everybody in the order of time, and asks it for the graph. */
final class ReferralLog {
    private static final Duration FOR_EVER = Duration.ofDays(36_500);
    private static final Comparator<ReferralGraph.Subtree> LARGEST = Comparator.comparingLong(
                    ReferralGraph.Subtree::size)
            .reversed()
            .thenComparing(subtree -> bytes(subtree.user().value()), Arrays::compareUnsigned);

    private final String workspace;
    private final ReferralRows rows;
    private final RejectedRows rejected;
    private final ReferralProgram program;
    private final SettableClock clock = SettableClock.at(Instant.EPOCH);

    // When somebody was first seen.
    private final Map<String, Long> joined = new LinkedHashMap<>();
    private final Map<String, String> codes = new HashMap<>();
    private final Map<String, String> referrers = new LinkedHashMap<>();

    /**
     * A log of which plg has not been told yet.
     *
     * @param workspace in which workspace the referrals are; the program has the same name, because nobody is referred twice in a program
     * @param rows what happened
     * @param rejected takes the rows that make no referral
     */
    ReferralLog(String workspace, ReferralRows rows, RejectedRows rejected) {
        this.workspace = workspace;
        this.rows = rows;
        this.rejected = rejected;
        this.program = ReferralProgram.named(workspace)
                .window(FOR_EVER)
                .withoutRewards()
                .build();
    }

    String workspace() {
        return workspace;
    }

    /** Describes the product to plg. With its clock in the past, nothing else in that database may be taken for expired. */
    void describe(PlgBuilder<?> builder) {
        builder.program(program).fraud(FraudPolicy.builder().build()).removeExpiredEvery(Duration.ZERO);
        if (rows.timed()) {
            builder.clock(clock);
        }
    }

    /** Tells plg everything. */
    void replay(Plg plg) {
        Referrals referrals = plg.workspace(workspace).referrals(workspace);
        for (Entry entry : rows.entries()) {
            clock.set(Micros.toInstant(entry.micros()));
            if (rows.byCode()) {
                redeem(plg, referrals, entry);
            } else {
                invite(plg, referrals, entry);
            }
        }
    }

    private void invite(Plg plg, Referrals referrals, Entry entry) {
        String inviter = Objects.requireNonNull(entry.by());
        String invitee = entry.member();
        boolean seen = joined.containsKey(invitee);
        joined.putIfAbsent(inviter, entry.micros());
        joined.putIfAbsent(invitee, entry.micros());
        if (seen && !invitee.equals(inviter)) {
            rejected.count(RejectedRows.ALREADY_SEEN);
        } else {
            attribute(plg, referrals, inviter, invitee);
        }
    }

    private void redeem(Plg plg, Referrals referrals, Entry entry) {
        joined.putIfAbsent(entry.member(), entry.micros());
        String code = entry.by();
        if (code == null) {
            return;
        }
        String owner = rows.owners().get(code);
        if (owner == null) {
            rejected.count(Attribution.Reason.UNKNOWN_CODE.name());
        } else {
            attribute(plg, referrals, owner, entry.member());
        }
    }

    private void attribute(Plg plg, Referrals referrals, String referrer, String member) {
        String code =
                codes.computeIfAbsent(referrer, who -> referrals.linkOf(who).code());
        plg.signUps()
                .attribute(code, NewUser.of(member))
                .reason()
                .ifPresentOrElse(reason -> rejected.count(reason.name()), () -> referrers.put(member, referrer));
    }

    ReferralsAnswer answer(Plg plg, int largest, Optional<EntryPeriods> period, String store, boolean simulated) {
        ReferralGraph graph = plg.workspace(workspace).referrals(workspace).graph();
        var referred = new HashMap<String, Long>();
        referrers.values().forEach(who -> referred.merge(who, 1L, Long::sum));
        // The library does not know members whom nobody referred and who referred nobody.
        List<String> alone = joined.keySet().stream()
                .filter(who -> !referred.containsKey(who) && !referrers.containsKey(who))
                .toList();
        ReferralGraph.Figures known = graph.figures();
        return new ReferralsAnswer(
                new ReferralGraph.Figures(
                        known.members() + alone.size(),
                        known.roots() + alone.size(),
                        known.referrals(),
                        known.maxDepth()),
                generations(graph.generations(), alone.size()),
                largest(graph, alone, largest),
                k(joined.keySet(), referred),
                rows.timed(),
                rows.timed() ? cycle() : Optional.empty(),
                period,
                rows.timed() ? periods(period.orElse(EntryPeriods.MONTH), referred) : List.of(),
                rejected.byReason(),
                store,
                simulated);
    }

    private static List<ReferralGraph.Generation> generations(List<ReferralGraph.Generation> known, long alone) {
        if (alone == 0) {
            return known;
        }
        var generations = new ArrayList<>(known);
        ReferralGraph.Generation roots =
                known.isEmpty() ? new ReferralGraph.Generation(0, 0, 0, 0) : generations.remove(0);
        long members = roots.members() + alone;
        long next = generations.isEmpty() ? 0 : generations.get(0).members();
        generations.add(0, new ReferralGraph.Generation(0, members, roots.referrers(), (double) next / members));
        return generations;
    }

    private static List<ReferralGraph.Subtree> largest(ReferralGraph graph, List<String> alone, int most) {
        return Stream.concat(
                        graph.largestSubtrees(most).stream(),
                        alone.stream().map(who -> new ReferralGraph.Subtree(UserId.of(who), 1)))
                .sorted(LARGEST)
                .limit(most)
                .toList();
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static Optional<KFactor> k(Set<String> members, Map<String, Long> referred) {
        ToLongFunction<String> brought = who -> referred.getOrDefault(who, 0L);
        return KFactor.ofGraph(
                ViralCounts.ofMembers(members.stream().mapToLong(brought).toArray()));
    }

    private Optional<ViralCycle> cycle() {
        return ViralCycle.ofMicros(referrers.entrySet().stream()
                .mapToLong(edge -> joinedAt(edge.getKey()) - joinedAt(edge.getValue()))
                .toArray());
    }

    private long joinedAt(String member) {
        return Objects.requireNonNull(joined.get(member), member);
    }

    private List<ReferralsAnswer.Period> periods(EntryPeriods period, Map<String, Long> referred) {
        var cohorts = new TreeMap<LocalDate, Set<String>>();
        joined.forEach((who, at) -> cohorts.computeIfAbsent(period.startOf(at), start -> new HashSet<>())
                .add(who));
        return cohorts.entrySet().stream()
                .map(each -> new ReferralsAnswer.Period(
                        each.getKey(), k(each.getValue(), referred).orElseThrow()))
                .toList();
    }
}
