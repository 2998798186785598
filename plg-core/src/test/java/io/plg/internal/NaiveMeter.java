package io.plg.internal;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * How gates count, written from the semantics as simply as can be and without a line of the engine: every unit that is used is an object that knows its bucket, and
 * time passes in steps of half an hour. Periods have two days, windows six hours, both from the epoch.
 */
final class NaiveMeter {
    static final int PERIOD = 96;
    static final int WINDOW = 12;
    static final long UNLIMITED = Long.MAX_VALUE;
    static final int EVER = Integer.MAX_VALUE;
    private static final String PLAN = "plan";
    private static final String OVER = "over";

    /** What a plan or an override says; {@code window} is {@link #UNLIMITED} for none. */
    record Rule(long limit, String policy, int grace, long window, boolean preserves, List<Integer> thresholds) {}

    /** A grant. */
    static final class Gift {
        final String id;
        final int amount;
        final int priority;
        final int from;
        final int stated;
        final int every;
        final int min;
        final int max;
        int until;

        Gift(String id, int amount, int priority, int from, int until, int stated, int every, int min, int max) {
            this.id = id;
            this.amount = amount;
            this.priority = priority;
            this.from = from;
            this.until = until;
            this.stated = stated;
            this.every = every;
            this.min = min;
            this.max = max;
        }

        boolean active(int time) {
            return time >= Math.max(from, stated) && time < until;
        }
    }

    private static final class Unit {
        String bucket;
        boolean wasOver;

        Unit(String bucket) {
            this.bucket = bucket;
        }
    }

    private static final class Hold {
        final List<Unit> units;
        final int made;
        final int expires;
        final int period;

        Hold(List<Unit> units, int made, int expires, int period) {
            this.units = units;
            this.made = made;
            this.expires = expires;
            this.period = period;
        }
    }

    private record Consumption(List<String> buckets, int at, int period) {}

    private record Said(int from, int[] until, Rule rule) {}

    final boolean cap;

    /** A mistake to make, for the tests that see to it that it is found. */
    String mistake = "";

    int now;
    private final List<Said> plans = new ArrayList<>();
    private final List<Said> overrides = new ArrayList<>();
    private final List<Gift> gifts = new ArrayList<>();
    private final Map<String, Integer> balances = new HashMap<>();
    private final List<Unit> stack = new ArrayList<>();
    private final Map<UUID, Hold> holds = new LinkedHashMap<>();
    private final Map<String, Consumption> consumptions = new HashMap<>();
    private final List<String> refunded = new ArrayList<>();
    private int carried;
    private int planPaidForBefore;
    private @Nullable Integer graceSince;
    private boolean windowKnown;
    private long inWindow;
    private final TreeSet<Integer> fired = new TreeSet<>();

    NaiveMeter(boolean cap, int now, Rule plan) {
        this.cap = cap;
        this.now = now;
        plans.add(new Said(now, new int[] {EVER}, plan));
        present();
    }

    // --- what is said

    Rule rule() {
        for (int i = overrides.size() - 1; i >= 0; i--) {
            Said each = overrides.get(i);
            if (now >= each.from() && now < each.until()[0]) {
                return each.rule();
            }
        }
        Rule rule = plans.get(0).rule();
        int since = Integer.MIN_VALUE;
        for (Said each : plans) {
            if (now >= each.from() && now < each.until()[0] && each.from() >= since) {
                rule = each.rule();
                since = each.from();
            }
        }
        return rule;
    }

    void plan(Rule rule, int from) {
        plans.removeIf(each -> each.from() > now);
        plans.add(new Said(from, new int[] {EVER}, rule));
        present();
    }

    int override(Rule rule) {
        overrides.add(new Said(now, new int[] {EVER}, rule));
        present();
        return overrides.size() - 1;
    }

    void endOverride(int which) {
        overrides.get(which).until()[0] = Math.min(now, overrides.get(which).until()[0]);
        present();
    }

    void give(Gift gift) {
        gifts.add(gift);
        present();
    }

    void end(Gift gift) {
        gift.until = Math.min(gift.until, now);
        present();
    }

    // --- time

    void advance(int steps) {
        for (int i = 0; i < steps; i++) {
            now++;
            present();
        }
    }

    private int period() {
        return cap ? 0 : Math.floorDiv(now, PERIOD);
    }

    private int lastPeriod = Integer.MIN_VALUE;
    private int lastWindow = Integer.MIN_VALUE;
    private int lastNow = Integer.MIN_VALUE;

    /** All that is due now. */
    private void present() {
        balances.keySet().removeIf(id -> gifts.stream().noneMatch(gift -> gift.id.equals(id) && gift.active(now)));
        for (Iterator<Hold> all = holds.values().iterator(); all.hasNext(); ) {
            Hold hold = all.next();
            if (hold.expires <= now) {
                all.remove();
                free(hold);
            }
        }
        int window = Math.floorDiv(now, WINDOW);
        if (window != lastWindow) {
            inWindow = 0;
            windowKnown = false;
            lastWindow = window;
        }
        windowKnown |= rule().window() != UNLIMITED;
        if (period() != lastPeriod) {
            if (lastPeriod != Integer.MIN_VALUE) {
                reset();
            }
            lastPeriod = period();
        }
        for (Gift gift : gifts) {
            if (gift.active(now) && !cap) {
                boolean returns = gift.every > 0 && now != lastNow && Math.floorMod(now - gift.from, gift.every) == 0;
                if (!balances.containsKey(gift.id) || returns) {
                    balances.put(gift.id, gift.amount);
                }
            }
        }
        lastNow = now;
        pay();
        noteGrace();
        rearm();
    }

    private void reset() {
        long over = overUnits();
        stack.clear();
        fired.clear();
        graceSince = null;
        planPaidForBefore = 0;
        carried = rule().preserves() ? (int) over + carried : 0;
        for (Gift gift : gifts) {
            Integer left = balances.get(gift.id);
            if (left != null) {
                int kept = Math.max(left, gift.min);
                balances.put(gift.id, gift.max < 0 ? kept : Math.min(gift.max, kept));
            }
        }
    }

    // --- buckets

    private boolean current(Hold hold) {
        return hold.period == lastPeriod || cap;
    }

    private List<Unit> unitsOfThePeriod() {
        var all = new ArrayList<>(stack);
        holds.values().stream().filter(this::current).forEach(hold -> all.addAll(hold.units));
        return all;
    }

    private long count(String bucket) {
        return unitsOfThePeriod().stream()
                .filter(unit -> unit.bucket.equals(bucket))
                .count();
    }

    /** Over units of this period, without those that were carried here. */
    private long overUnits() {
        return count(OVER);
    }

    private long planUsed() {
        return count(PLAN) + planPaidForBefore;
    }

    /** What has something to give, in the order in which it does. */
    private List<String> order() {
        record Source(String id, int priority, int until, int stated) {}
        var sources = new ArrayList<Source>();
        if (rule().limit() == UNLIMITED || planUsed() < rule().limit()) {
            sources.add(new Source(PLAN, 100, (lastPeriod + 1) * PERIOD, Integer.MIN_VALUE));
        }
        for (Gift gift : gifts) {
            if (balances.getOrDefault(gift.id, 0) > 0) {
                sources.add(new Source(gift.id, gift.priority, gift.until, gift.stated));
            }
        }
        sources.sort(Comparator.comparingInt(Source::priority)
                .thenComparingInt(Source::until)
                .thenComparingInt(Source::stated)
                .thenComparing(Source::id));
        return sources.stream().map(Source::id).toList();
    }

    private String take() {
        List<String> order = order();
        if (order.isEmpty()) {
            return OVER;
        }
        String first = order.get(0);
        if (!first.equals(PLAN)) {
            balances.merge(first, -1, Integer::sum);
        }
        return first;
    }

    private void returnTo(String bucket) {
        Gift gift = gifts.stream()
                .filter(each -> each.id.equals(bucket))
                .findFirst()
                .orElse(null);
        if (gift != null && balances.containsKey(bucket)) {
            int left = balances.get(bucket);
            if (left < Math.max(gift.amount, gift.min)) {
                balances.put(bucket, left + 1);
            }
        }
    }

    /** Over units are paid by whatever has something: first those of before, then the earliest. */
    private void pay() {
        if (cap) {
            return;
        }
        while (!order().isEmpty()) {
            if (carried > 0) {
                carried--;
                if (take().equals(PLAN)) {
                    planPaidForBefore++;
                }
                continue;
            }
            Unit unit = stack.stream()
                    .filter(each -> each.bucket.equals(OVER))
                    .findFirst()
                    .orElse(null);
            if (unit != null) {
                unit.bucket = take();
                unit.wasOver = true;
                continue;
            }
            Hold hold = holds.values().stream()
                    .filter(this::current)
                    .filter(each -> each.units.stream().anyMatch(part -> part.bucket.equals(OVER)))
                    .findFirst()
                    .orElse(null);
            if (hold == null) {
                return;
            }
            int i = 0;
            while (!hold.units.get(i).bucket.equals(OVER)) {
                i++;
            }
            hold.units.remove(i);
            String bucket = take();
            int at = hold.units.size();
            for (int k = 0; k < hold.units.size(); k++) {
                if (hold.units.get(k).bucket.equals(bucket)) {
                    at = k + 1;
                }
            }
            hold.units.add(at, new Unit(bucket));
        }
    }

    private void free(Hold hold) {
        if (!cap) {
            hold.units.forEach(unit -> returnTo(unit.bucket));
            if (current(hold) && hold.made >= lastWindow * WINDOW) {
                leaveWindow(hold.units.size());
            }
            pay();
        }
    }

    private void enterWindow(long amount) {
        if (windowKnown) {
            inWindow += amount;
        }
    }

    private void leaveWindow(long amount) {
        long held = holds.values().stream()
                .filter(hold -> current(hold) && hold.made >= lastWindow * WINDOW)
                .mapToLong(hold -> hold.units.size())
                .sum();
        if (windowKnown) {
            inWindow = Math.max(Math.min(held, inWindow), inWindow - amount);
        }
    }

    // --- how things stand

    long used() {
        return stack.size();
    }

    long held() {
        return holds.values().stream()
                .filter(this::current)
                .mapToLong(hold -> hold.units.size())
                .sum();
    }

    private long capLimit() {
        long limit = rule().limit();
        for (Gift gift : gifts) {
            if (gift.active(now) && limit != UNLIMITED) {
                limit += gift.amount;
            }
        }
        return limit;
    }

    private long left() {
        if (cap) {
            return capLimit() == UNLIMITED ? UNLIMITED : Math.max(0, capLimit() - used() - held());
        }
        if (rule().limit() == UNLIMITED) {
            return UNLIMITED;
        }
        return Math.max(0, rule().limit() - planUsed())
                + balances.values().stream().mapToLong(each -> each).sum();
    }

    long remaining() {
        long window = cap || rule().window() == UNLIMITED ? UNLIMITED : Math.max(0, rule().window() - inWindow);
        return Math.min(left(), window);
    }

    long overage() {
        if (cap) {
            return capLimit() == UNLIMITED ? 0 : Math.max(0, used() + held() - capLimit());
        }
        return overUnits() + carried + (rule().limit() == UNLIMITED ? 0 : Math.max(0, planUsed() - rule().limit()));
    }

    /** What is used, held and left, without what is over and of this period. */
    long limit() {
        return left() == UNLIMITED
                ? UNLIMITED
                : cap ? capLimit() : Math.max(0, used() + held() - (overage() - carried) + left());
    }

    Map<String, Integer> balances() {
        return Map.copyOf(balances);
    }

    private boolean exceeded() {
        return overage() > 0 || !cap && rule().window() != UNLIMITED && inWindow > rule().window();
    }

    private void noteGrace() {
        if (!exceeded()) {
            graceSince = null;
        }
    }

    @Nullable
    Integer graceEnd() {
        return graceSince == null || !rule().policy().equals("GRACE") ? null : graceSince + rule().grace();
    }

    boolean allows(long amount) {
        if (amount <= remaining()) {
            return true;
        }
        return switch (rule().policy()) {
            case "WARN" -> true;
            case "GRACE" -> graceEnd() == null || now < graceEnd();
            default -> false;
        };
    }

    // --- what is done

    private void exceededNow() {
        if (exceeded() && graceSince == null && rule().policy().equals("GRACE")) {
            graceSince = now;
        }
        noteGrace();
    }

    private void add(List<Unit> to, long amount) {
        for (long i = 0; i < amount; i++) {
            Unit unit = new Unit(cap ? PLAN : take());
            to.add(unit);
        }
        enterWindow(amount);
        exceededNow();
    }

    boolean consume(long amount, String receipt) {
        if (!allows(amount)) {
            return false;
        }
        var units = new ArrayList<Unit>();
        for (long i = 0; i < amount; i++) {
            Unit unit = new Unit(cap ? PLAN : take());
            units.add(unit);
            stack.add(unit);
        }
        enterWindow(amount);
        exceededNow();
        consumptions.put(
                receipt, new Consumption(units.stream().map(unit -> unit.bucket).toList(), now, period()));
        return true;
    }

    boolean reserve(UUID id, long amount, int length) {
        if (!allows(amount)) {
            return false;
        }
        var units = new ArrayList<Unit>();
        var hold = new Hold(units, now, now + length, period());
        for (long i = 0; i < amount; i++) {
            units.add(new Unit(cap ? PLAN : take()));
            holds.put(id, hold);
        }
        enterWindow(amount);
        exceededNow();
        return true;
    }

    boolean holds(UUID id) {
        return holds.containsKey(id);
    }

    long amount(UUID id) {
        return holds.get(id).units.size();
    }

    void release(UUID id) {
        free(holds.remove(id));
        noteGrace();
        rearm();
    }

    /** Returns what came of it. */
    String confirm(UUID id, long actual) {
        Hold hold = holds.get(id);
        long more = actual - hold.units.size();
        if (more > 0 && !allows(more)) {
            return "LIMIT_REACHED";
        }
        holds.remove(id);
        int kept = (int) Math.min(actual, hold.units.size());
        for (Unit unit : hold.units.subList(kept, hold.units.size())) {
            if (!cap) {
                returnTo(unit.bucket);
            }
        }
        if (current(hold)) {
            stack.addAll(hold.units.subList(0, kept));
            if (!cap && hold.made >= lastWindow * WINDOW) {
                leaveWindow(hold.units.size() - kept);
            }
        }
        pay();
        noteGrace();
        if (more > 0) {
            add(stack, more);
        }
        return "CONFIRMED";
    }

    long refund(long amount) {
        long back = 0;
        while (back < amount && !stack.isEmpty()) {
            returnTo(stack.remove(stack.size() - 1).bucket);
            back++;
        }
        if (!cap && back > 0) {
            leaveWindow(back);
            pay();
        }
        if (mistake.equals("a refund begins a period")) {
            if (back > 0) {
                reset();
            }
        }
        noteGrace();
        rearm();
        return back;
    }

    long refund(String receipt) {
        Consumption consumption = consumptions.get(receipt);
        if (consumption == null || refunded.contains(receipt)) {
            return 0;
        }
        long back = 0;
        boolean current = cap || consumption.period() == lastPeriod;
        for (String bucket : consumption.buckets()) {
            if (!current) {
                returnTo(bucket);
                back++;
                continue;
            }
            for (int i = stack.size() - 1; i >= 0; i--) {
                Unit unit = stack.get(i);
                if (cap
                        || (bucket.equals(OVER)
                                ? unit.wasOver || unit.bucket.equals(OVER)
                                : unit.bucket.equals(bucket) && !unit.wasOver)) {
                    stack.remove(i);
                    returnTo(unit.bucket);
                    back++;
                    break;
                }
            }
        }
        if (back > 0) {
            refunded.add(receipt);
            if (current && !cap && consumption.at() >= lastWindow * WINDOW) {
                leaveWindow(back);
            }
            pay();
            noteGrace();
            rearm();
        }
        return back;
    }

    void set(long count) {
        stack.clear();
        for (long i = 0; i < count; i++) {
            stack.add(new Unit(PLAN));
        }
        exceededNow();
        rearm();
    }

    private boolean reached(int threshold) {
        return used() * 100 >= limit() * threshold;
    }

    private void rearm() {
        if (cap) {
            fired.removeIf(threshold -> limit() == UNLIMITED || !reached(threshold));
        }
    }

    /** What is told at the end of a call. */
    List<Integer> told(boolean usedMore) {
        var told = new ArrayList<Integer>();
        if (usedMore && limit() > 0 && limit() != UNLIMITED) {
            for (int threshold : rule().thresholds()) {
                if (reached(threshold) && fired.add(threshold)) {
                    told.add(threshold);
                }
            }
        }
        return told;
    }
}
