package io.plg.funnel;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The second reading of a correlation: which subjects did what between their entry and the end of their chain. */
final class BehaviourCount implements EventSource.Sink {

    private static final double Z = 1.959963984540054;
    private static final long MOST_SUPPORT_ASKED = 25;

    private final FunnelAnalysis analysis;
    private final Plan plan;
    private final long[] entries;
    private final long[] ends;
    private final BitSet entered = new BitSet();
    private final BitSet converted = new BitSet();
    private final Map<String, BitSet> doers = new HashMap<>();

    BehaviourCount(FunnelAnalysis analysis, Plan plan, int subjects) {
        this.analysis = analysis;
        this.plan = plan;
        this.entries = new long[subjects];
        this.ends = new long[subjects];
    }

    /** Remembers the chain of a subject that entered. */
    void expect(int slot, Chain chain, boolean isConverted) {
        entered.set(slot);
        converted.set(slot, isConverted);
        long end = plan.window == Long.MAX_VALUE ? Long.MAX_VALUE : chain.entry() + plan.window;
        entries[slot] = chain.entry();
        ends[slot] = isConverted ? Math.min(end, chain.times[chain.length - 1]) : end;
    }

    @Override
    public void add(String subject, String event, long epochMicros, EventSource.PropertyLookup properties) {
        if (plan.isForeign(event)) {
            String key = plan.groupedBy == null ? subject : properties.get(plan.groupedBy);
            count(key == null ? -1 : analysis.find(key), event, epochMicros);
        }
    }

    @Override
    public void add(long subject, String event, long epochMicros, EventSource.PropertyLookup properties) {
        if (plan.isForeign(event)) {
            String key = plan.groupedBy == null ? null : properties.get(plan.groupedBy);
            int slot = plan.groupedBy == null ? analysis.find(subject) : key == null ? -1 : analysis.find(key);
            count(slot, event, epochMicros);
        }
    }

    private void count(int slot, String event, long time) {
        if (slot >= 0 && entered.get(slot) && time >= entries[slot] && time <= ends[slot]) {
            doers.computeIfAbsent(event, name -> new BitSet()).set(slot);
        }
    }

    Correlation correlation() {
        long all = entered.cardinality();
        long success = converted.cardinality();
        double floor = Math.min(MOST_SUPPORT_ASKED, 0.02 * all);
        List<Correlation.Behaviour> behaviours = new ArrayList<>();
        doers.forEach((event, subjects) -> {
            if (subjects.cardinality() >= floor) {
                behaviours.add(behaviour(event, subjects, success, all - success));
            }
        });
        behaviours.sort(Comparator.comparingDouble((Correlation.Behaviour behaviour) -> -behaviour.oddsRatio())
                .thenComparing(Correlation.Behaviour::event));
        boolean skewed = Math.max(success, all - success) > 10 * Math.min(success, all - success);
        return new Correlation(all, success, floor, skewed, behaviours);
    }

    private Correlation.Behaviour behaviour(String event, BitSet subjects, long success, long failure) {
        BitSet both = (BitSet) subjects.clone();
        both.and(converted);
        long s = both.cardinality();
        long f = subjects.cardinality() - s;
        double a = s + 1.0;
        double b = failure - f + 1.0;
        double c = success - s + 1.0;
        double d = f + 1.0;
        double ratio = a * b / (c * d);
        double spread = Math.exp(Z * Math.sqrt(1 / a + 1 / b + 1 / c + 1 / d));
        return new Correlation.Behaviour(event, s, f, ratio, ratio / spread, ratio * spread);
    }
}
