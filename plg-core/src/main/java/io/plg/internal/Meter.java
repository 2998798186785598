package io.plg.internal;

import io.plg.gate.Grant;
import io.plg.gate.Reason;
import io.plg.gate.UsageStore;
import io.plg.gate.UsageStore.Kind;
import io.plg.internal.Terms.GrantTerms;
import io.plg.plan.Feature;
import io.plg.plan.OverLimit;
import io.plg.plan.UsagePeriod;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * What one workspace, or one of its members, uses of one feature: the rules, without any store. A meter is read from its stored state, brought to the present by
 * {@link #advance}, asked or changed, and stored again. Everything that time brings about happens there, in the order in which it was due: nothing has to be done
 * when a period ends, a grant begins or a reservation expires.
 *
 * <p>Of a quota, each unit comes from a bucket: the plan's allowance of the period, a grant, or none, which is overage. The units that were used are kept as a
 * stack of runs, so that what was used last can go back to where it came from.
 */
final class Meter {
    static final String PLAN = "plan";
    static final String OVER = "over";

    private static final int CLEAR_PERCENT = 50;

    private final Feature.Metered feature;
    private final Conditions conditions;
    private final MeterState s;
    private Terms terms;

    /** What this transaction adds to the ledger. */
    private final List<Draft> drafts = new ArrayList<>();

    private Meter(Feature.Metered feature, Conditions conditions, MeterState state) {
        this.feature = feature;
        this.conditions = conditions;
        this.s = state;
        this.terms = conditions.at(state.asOf);
    }

    /**
     * Reads a meter and brings it to the present.
     *
     * @param stored its state, or null if it was never stored
     * @param taken how much was taken from its lane since then
     */
    static Meter of(Feature.Metered feature, Conditions conditions, @Nullable String stored, long taken, Instant now) {
        MeterState state;
        if (stored == null) {
            state = new MeterState();
            state.decimals = feature.decimals();
            state.asOf = conditions.grants().stream()
                    .map(GrantTerms::begins)
                    .min(Comparator.naturalOrder())
                    .map(first -> first.minus(1, ChronoUnit.MICROS))
                    .filter(now::isAfter)
                    .orElse(now);
        } else {
            state = MeterState.parse(stored, feature);
        }
        var meter = new Meter(feature, conditions, state);
        if (taken > 0) {
            meter.settle(MeterState.rescaled(feature, state.storedDecimals, taken));
        }
        meter.begin();
        meter.advance(now);
        return meter;
    }

    /** What was taken from the lane since the state was stored. */
    private void settle(long taken) {
        s.used += taken;
        if (feature instanceof Feature.Quota) {
            take(s.laneBucket, taken);
            push(s.laneBucket, taken);
            s.windows.values().forEach(window -> window.used += taken);
        }
    }

    private boolean isQuota() {
        return feature instanceof Feature.Quota;
    }

    /** Sees to it that there is a period and that every active grant is known. */
    private void begin() {
        if (isQuota()) {
            if (s.periodEnd == null) {
                UsagePeriod first = conditions.period(terms, s.asOf);
                s.periodStart = first.start();
                s.periodEnd = first.end();
                s.schedule = scheduleOf(terms);
            } else if (!s.schedule.equals(scheduleOf(terms))) {
                reschedule();
            }
        }
        learnGrants();
        payOverage();
    }

    private static String scheduleOf(Terms terms) {
        return (terms.feature() instanceof Feature.Quota quota ? quota.every() : "") + "|"
                + terms.schedule().anchor() + "|" + terms.schedule().zone();
    }

    /** The running period goes on and ends where one of the new ones ends. */
    private void reschedule() {
        Instant since = terms.schedule().since();
        Instant at = since.isAfter(s.asOf) ? since : s.asOf;
        if (at.isBefore(end())) {
            s.periodEnd = conditions.period(terms, at).end();
        }
        s.schedule = scheduleOf(terms);
    }

    private Instant end() {
        return s.periodEnd == null ? Instant.MAX : s.periodEnd;
    }

    /** Grants that are active and were not known when the meter was stored, and those that were ended in the meantime. */
    private void learnGrants() {
        if (!isQuota()) {
            return;
        }
        for (GrantTerms grant : conditions.grants()) {
            if (grant.activeAt(s.asOf)) {
                s.grants.computeIfAbsent(grant.id(), id -> new MeterState.Balance(grant.amount()));
            }
        }
        s.grants.keySet().removeIf(id -> {
            GrantTerms grant = grant(id);
            return grant == null || !grant.activeAt(s.asOf);
        });
    }

    private @Nullable GrantTerms grant(String id) {
        return conditions.byId(id);
    }

    /** Lets happen what was due until now, in order. */
    private void advance(Instant now) {
        while (true) {
            Instant next = nextEvent();
            if (next.isAfter(now)) {
                break;
            }
            s.asOf = next;
            happen(next);
        }
        if (now.isAfter(s.asOf)) {
            s.asOf = now;
        }
        terms = conditions.at(s.asOf);
        rollWindows(s.asOf);
        noteGrace();
        rearm();
    }

    /** When something happens next, after the time that the meter is brought to. */
    private Instant nextEvent() {
        Instant next = Instant.MAX;
        if (isQuota()) {
            next = end();
            for (MeterState.WindowUse window : s.windows.values()) {
                if (window.used > 0 && window.end.isAfter(s.asOf)) {
                    next = earlier(next, window.end);
                }
            }
        }
        if (terms.until().isAfter(s.asOf)) {
            next = earlier(next, terms.until());
        }
        for (MeterState.Hold hold : s.holds) {
            next = earlier(next, hold.expiresAt);
        }
        for (GrantTerms grant : conditions.grants()) {
            if (grant.begins().isAfter(s.asOf)) {
                next = earlier(next, grant.begins());
            } else if (grant.activeAt(s.asOf)) {
                if (grant.until() != null) {
                    next = earlier(next, grant.until());
                }
                if (isQuota() && grant.recurrence().isPresent()) {
                    next = earlier(
                            next,
                            grant.recurrence()
                                    .get()
                                    .next(grant.from(), terms.schedule().zone(), s.asOf));
                }
            }
        }
        return next;
    }

    private static Instant earlier(Instant a, Instant b) {
        return a.isBefore(b) ? a : b;
    }

    private void happen(Instant at) {
        // What was limited until now is counted until its window ends.
        rollWindows(at.minus(1, ChronoUnit.MICROS));
        terms = conditions.at(at);
        if (isQuota()) {
            if (!s.schedule.equals(scheduleOf(terms))) {
                reschedule();
            }
            s.grants.keySet().removeIf(id -> {
                GrantTerms grant = grant(id);
                return grant == null || !grant.activeAt(at);
            });
        }
        for (Iterator<MeterState.Hold> holds = s.holds.iterator(); holds.hasNext(); ) {
            MeterState.Hold hold = holds.next();
            if (!hold.expiresAt.isAfter(at)) {
                holds.remove();
                giveBack(hold);
                draft(Kind.EXPIRE, 0, -hold.amount, hold.parts, hold.id, null, at, hold.periodStart);
            }
        }
        if (!isQuota()) {
            noteGrace();
            rearm();
            return;
        }
        rollWindows(at);
        if (!at.isBefore(end())) {
            reset(at);
        }
        for (GrantTerms grant : conditions.grants()) {
            if (!grant.activeAt(at)) {
                continue;
            }
            MeterState.Balance balance = s.grants.get(grant.id());
            if (balance == null) {
                s.grants.put(grant.id(), new MeterState.Balance(grant.amount()));
            } else if (grant.recurrence().isPresent()
                    && grant.recurrence()
                            .get()
                            .next(grant.from(), terms.schedule().zone(), at.minus(1, ChronoUnit.MICROS))
                            .equals(at)) {
                balance.left = grant.amount();
            }
        }
        payOverage();
        noteGrace();
    }

    private void reset(Instant at) {
        s.used = 0;
        s.planUsed = 0;
        s.stack.clear();
        s.fired.clear();
        s.graceSince = null;
        if (terms.preservesOverage()) {
            s.carried = s.overage;
        } else {
            s.overage = 0;
            s.carried = 0;
        }
        s.grants.forEach((id, balance) -> {
            GrantTerms grant = grant(id);
            if (grant != null) {
                balance.left = Math.min(grant.maxRollover(), Math.max(balance.left, grant.minRollover()));
            }
        });
        s.periodStart = at;
        s.periodEnd = conditions.period(terms, at).end();
    }

    private void rollWindows(Instant at) {
        if (!isQuota() || terms.windows().isEmpty() && s.windows.isEmpty()) {
            return;
        }
        var windows = new LinkedHashMap<String, MeterState.WindowUse>();
        for (Terms.Window each : terms.windows()) {
            String name = each.every().toString();
            UsagePeriod now = terms.schedule().window(each.every(), at);
            MeterState.WindowUse known = s.windows.remove(name);
            if (known != null && known.end.isAfter(at)) {
                // In another time zone the window that is running goes on, and ends where one of the new ones ends.
                var going = new MeterState.WindowUse(known.start, now.end());
                going.used = known.used;
                windows.put(name, going);
            } else {
                windows.put(name, new MeterState.WindowUse(now.start(), now.end()));
            }
        }
        // What is no longer limited is counted until its window ends: it may be limited again.
        s.windows.values().removeIf(window -> !window.end.isAfter(at));
        windows.putAll(s.windows);
        s.windows.clear();
        s.windows.putAll(windows);
    }

    // --- the buckets of a quota

    /** All that a unit may come from, in the order in which they are used up. */
    private List<Bucket> buckets() {
        var buckets = new ArrayList<Bucket>();
        buckets.add(new Bucket(PLAN, Grant.DEFAULT_PRIORITY, s.periodEnd, Instant.MIN, planLeft(), null));
        for (GrantTerms grant : conditions.grants()) {
            MeterState.Balance balance = s.grants.get(grant.id());
            if (balance != null) {
                buckets.add(new Bucket(
                        grant.id(), grant.priority(), grant.expires(), grant.statedAt(), balance.left, grant));
            }
        }
        buckets.sort(Bucket.BURN_ORDER);
        return buckets;
    }

    private long planLeft() {
        return terms.limit() == Ticks.UNLIMITED ? Ticks.UNLIMITED : Math.max(0, terms.limit() - s.planUsed);
    }

    /** Takes from one bucket. */
    private void take(String bucket, long amount) {
        switch (bucket) {
            case PLAN -> s.planUsed += amount;
            case OVER -> s.overage += amount;
            default -> {
                MeterState.Balance balance = s.grants.get(bucket);
                if (balance != null) {
                    balance.left -= amount;
                }
            }
        }
    }

    /** Takes from the buckets in order; what none of them has is overage. */
    private Map<String, Long> burn(long amount) {
        var parts = new LinkedHashMap<String, Long>();
        long left = amount;
        for (Bucket bucket : buckets()) {
            long part = Math.min(left, bucket.left());
            if (part > 0) {
                take(bucket.id(), part);
                parts.put(bucket.id(), part);
                left -= part;
            }
        }
        if (left > 0) {
            take(OVER, left);
            parts.put(OVER, left);
        }
        return parts;
    }

    /** Overage is paid by whatever has something to give. */
    private void payOverage() {
        if (s.overage == 0) {
            return;
        }
        for (Bucket bucket : buckets()) {
            long part = Math.min(s.overage, bucket.left());
            if (part > 0) {
                take(bucket.id(), part);
                s.overage -= part;
                long ofBefore = Math.min(part, s.carried);
                s.carried -= ofBefore;
                paid(bucket.id(), part - ofBefore);
            }
        }
    }

    /** Units that were overage come from a bucket now: the earliest first. */
    private void paid(String bucket, long amount) {
        long left = amount;
        for (int i = 0; i < s.stack.size() && left > 0; i++) {
            MeterState.Run run = s.stack.get(i);
            if (run.bucket.equals(OVER)) {
                long part = Math.min(left, run.amount);
                left -= part;
                if (part == run.amount) {
                    run.bucket = bucket;
                    run.wasOver = true;
                } else {
                    run.amount -= part;
                    var now = new MeterState.Run(bucket, part);
                    now.wasOver = true;
                    s.stack.add(i, now);
                    i++;
                }
            }
        }
        for (MeterState.Hold hold : s.holds) {
            long part = Math.min(left, hold.parts.getOrDefault(OVER, 0L));
            if (part > 0 && current(hold.periodStart)) {
                left -= part;
                hold.parts.merge(OVER, -part, Long::sum);
                hold.parts.values().removeIf(each -> each == 0);
                hold.parts.merge(bucket, part, Long::sum);
            }
        }
    }

    private boolean current(@Nullable Instant periodStart) {
        return !isQuota() || s.periodStart != null && s.periodStart.equals(periodStart);
    }

    private void push(String bucket, long amount) {
        if (!s.stack.isEmpty()) {
            MeterState.Run top = s.stack.get(s.stack.size() - 1);
            if (top.bucket.equals(bucket) && !top.wasOver) {
                top.amount += amount;
                return;
            }
        }
        s.stack.add(new MeterState.Run(bucket, amount));
    }

    /** Returns units to one bucket; what is no longer there takes nothing. */
    private void giveBack(String bucket, long amount, boolean ofThisPeriod) {
        switch (bucket) {
            case PLAN -> s.planUsed -= ofThisPeriod ? amount : 0;
            case OVER -> s.overage -= ofThisPeriod ? Math.min(amount, s.overage - s.carried) : 0;
            default -> {
                MeterState.Balance balance = s.grants.get(bucket);
                GrantTerms grant = grant(bucket);
                if (balance != null && grant != null) {
                    long full = Math.max(grant.amount(), grant.minRollover());
                    balance.left = Math.max(balance.left, Math.min(full, balance.left + amount));
                }
            }
        }
    }

    private void giveBack(MeterState.Hold hold) {
        if (isQuota()) {
            boolean current = current(hold.periodStart);
            hold.parts.forEach((bucket, amount) -> giveBack(bucket, amount, current));
            if (current) {
                useWindows(-hold.amount, hold.madeAt);
            }
            payOverage();
        }
    }

    private void useWindows(long amount, Instant madeAt) {
        for (MeterState.WindowUse window : s.windows.values()) {
            if (amount > 0 || !madeAt.isBefore(window.start)) {
                change(window, amount);
            }
        }
    }

    /** What is held cannot be given back by a refund. */
    private void change(MeterState.WindowUse window, long amount) {
        window.used = Math.max(Math.min(window.used, heldIn(window)), window.used + amount);
    }

    private long heldIn(MeterState.WindowUse window) {
        return s.holds.stream()
                        .filter(hold -> current(hold.periodStart) && !hold.madeAt.isBefore(window.start))
                        .mapToLong(hold -> hold.amount)
                        .sum()
                + s.slices.stream()
                        .filter(slice -> current(slice.periodStart))
                        .mapToLong(MeterState.Slice::left)
                        .sum();
    }

    // --- questions

    Instant asOf() {
        return s.asOf;
    }

    Terms terms() {
        return terms;
    }

    @Nullable
    Instant periodStart() {
        return s.periodStart;
    }

    @Nullable
    Instant periodEnd() {
        return s.periodEnd;
    }

    long used() {
        return s.used;
    }

    long held() {
        long held = 0;
        for (MeterState.Hold hold : s.holds) {
            if (current(hold.periodStart)) {
                held += hold.amount;
            }
        }
        for (MeterState.Slice slice : s.slices) {
            if (current(slice.periodStart)) {
                held += slice.left();
            }
        }
        return held;
    }

    private long capLimit() {
        long limit = terms.limit();
        for (GrantTerms grant : conditions.grants()) {
            if (grant.activeAt(s.asOf)) {
                limit = Ticks.plus(limit, grant.amount());
            }
        }
        return limit;
    }

    /** What is left of the limit itself. */
    private long left() {
        if (!isQuota()) {
            long limit = capLimit();
            return limit == Ticks.UNLIMITED ? limit : Math.max(0, limit - s.used - held());
        }
        long left = 0;
        for (Bucket bucket : buckets()) {
            left = Ticks.plus(left, bucket.left());
        }
        return left;
    }

    private long windowsLeft() {
        long left = Ticks.UNLIMITED;
        for (Terms.Window window : terms.windows()) {
            MeterState.WindowUse use = s.windows.get(window.every().toString());
            left = Math.min(left, Math.max(0, window.amount() - (use == null ? 0 : use.used)));
        }
        return left;
    }

    /** The end of the fullest window, if a window has less left than the limit. */
    @Nullable
    Instant windowEnd() {
        long left = left();
        Instant end = null;
        for (Terms.Window window : terms.windows()) {
            MeterState.WindowUse use = s.windows.get(window.every().toString());
            long here = Math.max(0, window.amount() - (use == null ? 0 : use.used));
            if (use != null && here < left) {
                left = here;
                end = use.end;
            }
        }
        return end;
    }

    long remaining() {
        return Math.min(left(), windowsLeft());
    }

    long overage() {
        if (!isQuota()) {
            long limit = capLimit();
            return limit == Ticks.UNLIMITED ? 0 : Math.max(0, s.used + held() - limit);
        }
        return s.overage + excess();
    }

    /** What was used of a plan that has become smaller since. */
    private long excess() {
        return terms.limit() == Ticks.UNLIMITED ? 0 : Math.max(0, s.planUsed - terms.limit());
    }

    long limit() {
        if (!isQuota()) {
            return capLimit();
        }
        long left = left();
        return left == Ticks.UNLIMITED
                ? left
                : Math.max(0, s.used + held() - (s.overage - s.carried) - excess() + left);
    }

    boolean hasGrants() {
        return conditions.grants().stream().anyMatch(each -> each.activeAt(s.asOf));
    }

    private boolean exceeded() {
        if (overage() > 0) {
            return true;
        }
        for (Terms.Window window : terms.windows()) {
            MeterState.WindowUse use = s.windows.get(window.every().toString());
            if (use != null && use.used > window.amount()) {
                return true;
            }
        }
        return false;
    }

    private void noteGrace() {
        if (s.graceSince != null && !exceeded()) {
            s.graceSince = null;
        }
    }

    @Nullable
    Instant graceEnd() {
        return s.graceSince == null || terms.overLimit() != OverLimit.GRACE ? null : s.graceSince.plus(terms.grace());
    }

    /** Whether so much more is allowed, and why. */
    Reason ask(long amount) {
        long left = left();
        long windows = windowsLeft();
        if (amount <= Math.min(left, windows)) {
            return left == Ticks.UNLIMITED ? Reason.UNLIMITED : Reason.WITHIN_LIMIT;
        }
        Instant graceEnd = graceEnd();
        return switch (terms.overLimit()) {
            case WARN -> Reason.OVER_LIMIT;
            case GRACE -> graceEnd == null || s.asOf.isBefore(graceEnd) ? Reason.WITHIN_GRACE : Reason.GRACE_ENDED;
            case BLOCK ->
                !terms.included() && !hasGrants()
                        ? Reason.NOT_IN_PLAN
                        : amount > left ? Reason.LIMIT_REACHED : Reason.WINDOW_LIMIT_REACHED;
        };
    }

    // --- changes

    /** Uses what was allowed; returns the place of the entry. */
    String consume(long amount) {
        checkTotal(amount);
        Map<String, Long> parts = Map.of();
        s.used += amount;
        if (isQuota()) {
            parts = burn(amount);
            parts.forEach(this::push);
            useWindows(amount, s.asOf);
        }
        exceededNow();
        return draft(Kind.CONSUME, amount, 0, parts, null, null, s.asOf, s.periodStart);
    }

    private void checkTotal(long amount) {
        if (s.used + held() + amount > Ticks.MOST) {
            throw new IllegalArgumentException("so much of " + feature.name() + " cannot be counted: "
                    + Ticks.decimal(feature, s.used).toPlainString() + " are used, and "
                    + Ticks.decimal(feature, amount).toPlainString() + " more would be beyond "
                    + Ticks.decimal(feature, Ticks.MOST).toPlainString());
        }
    }

    private void exceededNow() {
        if (s.graceSince == null && terms.overLimit() == OverLimit.GRACE && exceeded()) {
            s.graceSince = s.asOf;
        }
        noteGrace();
    }

    void hold(UUID id, long amount, Instant expiresAt) {
        checkTotal(amount);
        Map<String, Long> parts = new LinkedHashMap<>();
        if (isQuota()) {
            parts.putAll(burn(amount));
            useWindows(amount, s.asOf);
        }
        s.holds.add(new MeterState.Hold(id, amount, parts, s.asOf, expiresAt, s.periodStart));
        exceededNow();
        draft(Kind.HOLD, 0, amount, parts, id, null, s.asOf, s.periodStart);
    }

    int holds() {
        return s.holds.size();
    }

    MeterState.@Nullable Hold hold(UUID id) {
        return s.holds.stream().filter(each -> each.id.equals(id)).findFirst().orElse(null);
    }

    void release(MeterState.Hold hold) {
        s.holds.remove(hold);
        giveBack(hold);
        noteGrace();
        rearm();
        draft(Kind.RELEASE, 0, -hold.amount, hold.parts, hold.id, null, s.asOf, hold.periodStart);
    }

    /** Uses what was held, as much as it took: at most what was held. */
    void confirm(MeterState.Hold hold, long actual) {
        s.holds.remove(hold);
        boolean current = current(hold.periodStart);
        var kept = new LinkedHashMap<String, Long>();
        if (isQuota()) {
            long left = actual;
            var back = new ArrayList<Map.Entry<String, Long>>();
            for (var part : hold.parts.entrySet()) {
                long keep = Math.min(left, part.getValue());
                left -= keep;
                if (keep > 0) {
                    kept.put(part.getKey(), keep);
                }
                if (part.getValue() > keep) {
                    back.add(Map.entry(part.getKey(), part.getValue() - keep));
                }
            }
            back.forEach(part -> giveBack(part.getKey(), part.getValue(), current));
            if (current) {
                kept.forEach(this::push);
                useWindows(actual - hold.amount, hold.madeAt);
            }
            payOverage();
        }
        if (current) {
            s.used += actual;
        }
        noteGrace();
        draft(Kind.CONFIRM, actual, -hold.amount, kept, hold.id, null, s.asOf, hold.periodStart);
    }

    // --- slices that nodes lease

    /** Lets go of what nodes had not opened when their lease ended. */
    void endLeases(Instant leaseTime) {
        for (Iterator<MeterState.Slice> slices = s.slices.iterator(); slices.hasNext(); ) {
            MeterState.Slice slice = slices.next();
            if (!slice.until.isAfter(leaseTime)) {
                slices.remove();
                letGo(slice, Kind.EXPIRE);
            }
        }
    }

    private void letGo(MeterState.Slice slice, Kind kind) {
        long left = slice.left();
        if (left > 0) {
            boolean current = current(slice.periodStart);
            slice.unopened.forEach((bucket, amount) -> giveBack(bucket, amount, current));
            if (current) {
                useWindows(-left, s.asOf);
            }
            payOverage();
            noteGrace();
            draft(kind, 0, -left, slice.unopened, slice.id, null, s.asOf, slice.periodStart);
        }
    }

    MeterState.@Nullable Slice slice(UUID id) {
        return s.slices.stream().filter(each -> each.id.equals(id)).findFirst().orElse(null);
    }

    /**
     * Opens so much of a slice, or as much as there is, and fills it up again.
     *
     * @param id the slice; a new one is made if it is not there or is one of an earlier period
     * @param size how much it is to have besides
     * @return how much was opened
     */
    long open(UUID id, long amount, long size, Instant until) {
        MeterState.Slice slice = slice(id);
        if (slice != null && !current(slice.periodStart)) {
            s.slices.remove(slice);
            letGo(slice, Kind.EXPIRE);
            slice = null;
        }
        if (slice == null) {
            slice = new MeterState.Slice(id, new LinkedHashMap<>(), new LinkedHashMap<>(), s.periodStart, until);
            s.slices.add(slice);
        }
        slice.until = until;
        long more = Math.max(0, Math.max(size, amount) - slice.left());
        if (terms.overLimit() != OverLimit.WARN) {
            more = Math.min(more, remaining());
        }
        if (more > 0) {
            checkTotal(more);
            Map<String, Long> filled = slice.unopened;
            Map<String, Long> parts = burn(more);
            parts.forEach((bucket, part) -> filled.merge(bucket, part, Long::sum));
            useWindows(more, s.asOf);
            draft(Kind.HOLD, 0, more, parts, id, null, s.asOf, s.periodStart);
        }
        long opens = Math.min(amount, slice.left());
        if (opens > 0) {
            Map<String, Long> parts = firstOf(slice.unopened, opens);
            for (var part : parts.entrySet()) {
                slice.opened.merge(part.getKey(), part.getValue(), Long::sum);
                push(part.getKey(), part.getValue());
            }
            s.used += opens;
            draft(Kind.SLICE, opens, -opens, parts, id, null, s.asOf, s.periodStart);
        }
        return opens;
    }

    /** Ends a slice of which so much was opened and not used. */
    void close(MeterState.Slice slice, long unused) {
        s.slices.remove(slice);
        letGo(slice, Kind.RELEASE);
        long back = Math.min(
                unused, slice.opened.values().stream().mapToLong(each -> each).sum());
        if (back == 0) {
            return;
        }
        boolean current = current(slice.periodStart);
        var parts = new LinkedHashMap<String, Long>();
        var buckets = new ArrayList<>(slice.opened.keySet());
        long left = back;
        for (int i = buckets.size() - 1; i >= 0 && left > 0; i--) {
            long part = Math.min(left, slice.opened.getOrDefault(buckets.get(i), 0L));
            giveBack(buckets.get(i), part, current, parts);
            left -= part;
        }
        long given = parts.values().stream().mapToLong(each -> each).sum();
        if (given > 0) {
            if (current) {
                s.used -= given;
                useWindows(-given, s.asOf);
            }
            payOverage();
            noteGrace();
            draft(Kind.SLICE, -given, 0, parts, slice.id, null, s.asOf, slice.periodStart);
        }
    }

    /** Takes the first units out of parts. */
    private static Map<String, Long> firstOf(Map<String, Long> parts, long amount) {
        var first = new LinkedHashMap<String, Long>();
        long left = amount;
        for (var part : parts.entrySet()) {
            long some = Math.min(left, part.getValue());
            if (some > 0) {
                first.put(part.getKey(), some);
                part.setValue(part.getValue() - some);
                left -= some;
            }
        }
        parts.values().removeIf(each -> each == 0);
        return first;
    }

    /** Gives back what was used last; returns how much that was. */
    long refundLast(long amount) {
        long back = Math.min(amount, s.used);
        if (back == 0) {
            return 0;
        }
        var parts = new LinkedHashMap<String, Long>();
        long left = back;
        while (left > 0 && !s.stack.isEmpty()) {
            MeterState.Run top = s.stack.get(s.stack.size() - 1);
            long part = Math.min(left, top.amount);
            giveBack(top.bucket, part, true);
            parts.merge(top.bucket, part, Long::sum);
            left -= part;
            top.amount -= part;
            if (top.amount == 0) {
                s.stack.remove(s.stack.size() - 1);
            }
        }
        used(-back);
        draft(Kind.REFUND, -back, 0, parts, null, null, s.asOf, s.periodStart);
        return back;
    }

    /** Gives back what is left of an entry; returns how much that was. */
    long refund(UsageStore.Entry entry, List<UsageStore.Entry> earlier) {
        if (!earlier.isEmpty()) {
            return 0;
        }
        long back = entry.amount();
        var parts = new LinkedHashMap<String, Long>();
        boolean current = current(entry.periodStart());
        if (!isQuota()) {
            back = Math.min(back, s.used);
        } else {
            MeterState.parts(entry.parts()).forEach((bucket, amount) -> giveBack(bucket, amount, current, parts));
            back = parts.values().stream().mapToLong(each -> each).sum();
        }
        if (back <= 0) {
            return 0;
        }
        if (current) {
            long used = back;
            if (isQuota()) {
                useWindows(-used, entry.at());
            }
            s.used -= used;
        }
        if (isQuota()) {
            payOverage();
        }
        noteGrace();
        rearm();
        draft(Kind.REFUND, -back, 0, parts, null, entry.place(), s.asOf, entry.periodStart());
        return back;
    }

    /** As much of a part as is still used goes back to its bucket, and is taken out of what can be refunded without saying which. */
    private void giveBack(String bucket, long amount, boolean current, Map<String, Long> given) {
        long left = amount;
        for (int i = s.stack.size() - 1; i >= 0 && left > 0 && current; i--) {
            MeterState.Run run = s.stack.get(i);
            // What was overage may have been paid by a bucket since, and goes back there.
            if (bucket.equals(OVER)
                    ? run.wasOver || run.bucket.equals(OVER)
                    : run.bucket.equals(bucket) && !run.wasOver) {
                long part = Math.min(left, run.amount);
                giveBack(run.bucket, part, true);
                given.merge(run.bucket, part, Long::sum);
                run.amount -= part;
                left -= part;
            }
        }
        s.stack.removeIf(run -> run.amount == 0);
        if (!current) {
            giveBack(bucket, left, false);
            given.merge(bucket, left, Long::sum); // also if its bucket is gone: it is not used any more
        }
    }

    private void used(long change) {
        s.used += change;
        if (isQuota()) {
            for (MeterState.WindowUse window : s.windows.values()) {
                change(window, change);
            }
            payOverage();
        }
        noteGrace();
        rearm();
    }

    void set(long count) {
        long change = count - s.used;
        s.used = count;
        exceededNow();
        rearm();
        draft(Kind.SET, change, 0, Map.of(), null, null, s.asOf, null);
    }

    /** The thresholds that were reached and had not been before, ascending; each is returned once. */
    List<Integer> crossed() {
        var crossed = new ArrayList<Integer>();
        long limit = limit();
        if (limit > 0 && limit != Ticks.UNLIMITED) {
            for (int threshold : terms.thresholds()) {
                if (s.used >= Ticks.percentOf(limit, threshold) && s.fired.add(threshold)) {
                    crossed.add(threshold);
                }
            }
        }
        return crossed;
    }

    /** Of a cap, a threshold can be reached again once the use has fallen below it. */
    private void rearm() {
        if (!isQuota()) {
            long limit = limit();
            s.fired.removeIf(threshold -> s.used < Ticks.percentOf(limit, threshold));
        }
    }

    /** Whether less than half is used, so that what is remembered about it need not be doubted before more is. */
    boolean isClear() {
        long limit = limit();
        if (limit == Ticks.UNLIMITED) {
            return windowsLeft() == Ticks.UNLIMITED;
        }
        return limit == 0 && terms.overLimit() == OverLimit.BLOCK
                || s.used + held() < Ticks.percentOf(limit, CLEAR_PERCENT) && remaining() > (limit - 1) / 4;
    }

    /** Whether so many percent of the limit or of a window's are used. */
    boolean approaches(int percent) {
        long limit = limit();
        if (limit != Ticks.UNLIMITED && s.used + held() >= Ticks.percentOf(limit, percent)) {
            return true;
        }
        for (Terms.Window window : terms.windows()) {
            MeterState.WindowUse use = s.windows.get(window.every().toString());
            if (use != null && use.used >= Ticks.percentOf(window.amount(), percent)) {
                return true;
            }
        }
        return false;
    }

    /** Until when what was worked out holds, if nothing is done. */
    Instant until() {
        Instant until = nextEvent();
        for (MeterState.WindowUse window : s.windows.values()) {
            until = earlier(until, window.end);
        }
        Instant grace = graceEnd();
        return grace != null && grace.isAfter(s.asOf) ? earlier(until, grace) : until;
    }

    /** How much may be used until when without coming back here. */
    UsageStore.Lane lane(long basis, long version, int approachingPercent) {
        long remaining = remaining();
        long limit = limit();
        String bucket = PLAN;
        long left = remaining;
        if (isQuota()) {
            left = 0;
            for (Bucket each : buckets()) {
                if (each.left() > 0) {
                    bucket = each.id();
                    left = Math.min(each.left(), remaining);
                    break;
                }
            }
        }
        if (terms.overLimit() == OverLimit.GRACE && exceeded()) {
            // Whoever uses something now starts the time of grace, or is told how long it still is.
            left = 0;
        }
        boolean over = ask(Ticks.plus(remaining, 1)).allows();
        // Under GRACE the answer says how long, and in a window's excess it is still the buckets that give: neither is
        // for a lane.
        if (left() == 0 && over && exceeded() && terms.overLimit() == OverLimit.WARN) {
            bucket = OVER;
            left = Ticks.MOST;
        }
        if (limit > 0 && limit != Ticks.UNLIMITED) {
            for (int threshold : terms.thresholds()) {
                if (!s.fired.contains(threshold)) {
                    left = Math.min(left, below(Ticks.percentOf(limit, threshold), s.used));
                }
            }
            if (isClear()) {
                left = Math.min(left, below(Ticks.percentOf(limit, CLEAR_PERCENT), s.used + held()));
                left = Math.min(left, remaining - (limit - 1) / 4 - 1);
            }
        }
        for (Terms.Window window : terms.windows()) {
            MeterState.WindowUse use = s.windows.get(window.every().toString());
            // Near the limit of a window the answer says so, and a lane does not know.
            left = Math.min(
                    left, below(Ticks.percentOf(window.amount(), approachingPercent), use == null ? 0 : use.used));
        }
        s.laneBucket = bucket;
        return new UsageStore.Lane(
                basis,
                version,
                until(),
                Math.max(0, Math.min(left, Ticks.MOST - s.used - held())),
                bucket,
                terms.overLimit() == OverLimit.BLOCK
                        && windowsLeft() >= left()
                        && s.slices.isEmpty()
                        && (terms.included() || hasGrants() != (limit == 0)),
                s.used,
                held(),
                limit,
                remaining,
                overage(),
                s.periodStart,
                s.periodEnd);
    }

    /** How much may be added without reaching a mark. */
    private static long below(long mark, long used) {
        return mark == Ticks.UNLIMITED ? Ticks.MOST : Math.max(0, mark - used - 1);
    }

    List<Bucket> explain() {
        if (isQuota()) {
            return buckets();
        }
        var parts = new ArrayList<Bucket>();
        parts.add(new Bucket(PLAN, Grant.DEFAULT_PRIORITY, null, Instant.MIN, terms.limit(), null));
        for (GrantTerms grant : conditions.grants()) {
            if (grant.activeAt(s.asOf)) {
                parts.add(new Bucket(
                        grant.id(), grant.priority(), grant.until(), grant.statedAt(), grant.amount(), grant));
            }
        }
        return parts;
    }

    Map<String, Long> balances() {
        var balances = new LinkedHashMap<String, Long>();
        s.grants.forEach((id, balance) -> balances.put(id, balance.left));
        return balances;
    }

    String state() {
        return s.json();
    }

    /** Whether more is used than before: what expired in the meantime, or went back, reaches no threshold. */
    boolean changed() {
        return drafts.stream().anyMatch(draft -> draft.amount() > 0);
    }

    List<Draft> drafts() {
        return List.copyOf(drafts);
    }

    private String draft(
            Kind kind,
            long amount,
            long held,
            Map<String, Long> parts,
            @Nullable UUID hold,
            @Nullable String refersTo,
            Instant at,
            @Nullable Instant periodStart) {
        long sequence = ++s.sequence;
        drafts.add(new Draft(sequence, kind, amount, held, MeterState.text(parts), hold, refersTo, at, periodStart));
        return "-1." + sequence;
    }

    /** What a meter depends on besides what was done. */
    interface Conditions {

        /** What holds at a time. */
        Terms at(Instant time);

        /** All grants of the feature that may matter. */
        List<GrantTerms> grants();

        /** One of them. */
        default @Nullable GrantTerms byId(String id) {
            for (GrantTerms grant : grants()) {
                if (grant.id().equals(id)) {
                    return grant;
                }
            }
            return null;
        }

        /** The period of a quota. */
        default UsagePeriod period(Terms terms, Instant at) {
            return terms.schedule().period(((Feature.Quota) terms.feature()).every(), at);
        }
    }

    /** An entry of the ledger without the place where it belongs. */
    record Draft(
            long sequence,
            Kind kind,
            long amount,
            long held,
            String parts,
            @Nullable UUID hold,
            @Nullable String refersTo,
            Instant at,
            @Nullable Instant periodStart) {}

    /** Something that units come from. */
    record Bucket(
            String id,
            int priority,
            @Nullable Instant until,
            Instant statedAt,
            long left,
            @Nullable GrantTerms grant) {

        static final Comparator<Bucket> BURN_ORDER = Comparator.comparingInt(Bucket::priority)
                .thenComparing(bucket -> bucket.until == null ? Long.MAX_VALUE : bucket.until.getEpochSecond())
                .thenComparing(Bucket::statedAt)
                .thenComparing(Bucket::id);
    }
}
