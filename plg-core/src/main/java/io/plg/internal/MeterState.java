package io.plg.internal;

import io.plg.plan.Feature;
import java.math.BigDecimal;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** What is stored of a meter, as JSON. Amounts are text, because JSON numbers lose digits in other readers; times are microseconds. */
final class MeterState {
    private static final int VERSION = 1;

    /** How many decimals the amounts have, and had when they were stored. */
    int decimals;

    int storedDecimals;

    Instant asOf = Instant.EPOCH;

    @Nullable
    Instant periodStart;

    @Nullable
    Instant periodEnd;

    String schedule = "";
    long used;
    long planUsed;
    long overage;

    /** Overage of earlier periods, a part of it. */
    long carried;

    @Nullable
    Instant graceSince;

    final SortedSet<Integer> fired = new TreeSet<>();
    final Map<String, WindowUse> windows = new LinkedHashMap<>();
    final Map<String, Balance> grants = new LinkedHashMap<>();
    final List<Run> stack = new ArrayList<>();
    final List<Hold> holds = new ArrayList<>();
    final List<Slice> slices = new ArrayList<>();
    String laneBucket = Meter.PLAN;
    long sequence;

    String json() {
        var all = new LinkedHashMap<String, @Nullable Object>();
        all.put("v", VERSION);
        all.put("decimals", decimals);
        all.put("at", micros(asOf));
        if (periodStart != null && periodEnd != null) {
            all.put("from", micros(periodStart));
            all.put("to", micros(periodEnd));
        }
        all.put("schedule", schedule);
        all.put("used", text(used));
        all.put("plan", text(planUsed));
        if (overage != 0) {
            all.put("over", text(overage));
            all.put("carried", text(carried));
        }
        if (graceSince != null) {
            all.put("grace", micros(graceSince));
        }
        if (!fired.isEmpty()) {
            all.put("fired", List.copyOf(fired));
        }
        if (!windows.isEmpty()) {
            var each = new LinkedHashMap<String, Object>();
            windows.forEach((name, use) -> each.put(name, List.of(micros(use.start), micros(use.end), text(use.used))));
            all.put("windows", each);
        }
        if (!grants.isEmpty()) {
            var each = new LinkedHashMap<String, Object>();
            grants.forEach((id, balance) -> each.put(id, text(balance.left)));
            all.put("grants", each);
        }
        if (!stack.isEmpty()) {
            all.put(
                    "stack",
                    stack.stream()
                            .map(run -> List.of(run.bucket, text(run.amount), run.wasOver))
                            .toList());
        }
        if (!holds.isEmpty()) {
            all.put("holds", holds.stream().map(Hold::json).toList());
        }
        if (!slices.isEmpty()) {
            all.put("slices", slices.stream().map(Slice::json).toList());
        }
        all.put("lane", laneBucket);
        all.put("seq", sequence);
        return Json.write(all);
    }

    @SuppressWarnings("unchecked")
    static MeterState parse(String json, Feature.Metered feature) {
        var all = (Map<String, Object>) Objects.requireNonNull(Json.readAny(json));
        if (number(all.get("v")) != VERSION) {
            throw new IllegalStateException("the state of a meter was written by a newer version of plg: "
                    + all.get("v") + " instead of " + VERSION);
        }
        var s = new MeterState();
        s.decimals = (int) number(all.get("decimals"));
        s.storedDecimals = s.decimals;
        s.asOf = time(all.get("at"));
        if (all.containsKey("from")) {
            s.periodStart = time(all.get("from"));
            s.periodEnd = time(all.get("to"));
        }
        s.schedule = (String) Objects.requireNonNull(all.get("schedule"));
        s.used = number(all.get("used"));
        s.planUsed = number(all.get("plan"));
        if (all.containsKey("over")) {
            s.overage = number(all.get("over"));
            s.carried = number(all.get("carried"));
        }
        if (all.containsKey("grace")) {
            s.graceSince = time(all.get("grace"));
        }
        ((List<Object>) all.getOrDefault("fired", List.of())).forEach(each -> s.fired.add((int) number(each)));
        ((Map<String, List<Object>>) all.getOrDefault("windows", Map.of())).forEach((name, use) -> {
            var window = new WindowUse(time(use.get(0)), time(use.get(1)));
            window.used = number(use.get(2));
            s.windows.put(name, window);
        });
        ((Map<String, Object>) all.getOrDefault("grants", Map.of()))
                .forEach((id, left) -> s.grants.put(id, new Balance(number(left))));
        ((List<List<Object>>) all.getOrDefault("stack", List.of())).forEach(each -> {
            var run = new Run((String) each.get(0), number(each.get(1)));
            run.wasOver = (Boolean) each.get(2);
            s.stack.add(run);
        });
        ((List<Map<String, Object>>) all.getOrDefault("holds", List.of()))
                .forEach(each -> s.holds.add(Hold.parse(each)));
        ((List<Map<String, Object>>) all.getOrDefault("slices", List.of()))
                .forEach(each -> s.slices.add(Slice.parse(each)));
        s.laneBucket = (String) Objects.requireNonNull(all.get("lane"));
        s.sequence = number(all.get("seq"));
        s.rescale(feature);
        return s;
    }

    /** To the decimals that the feature has now. */
    private void rescale(Feature.Metered feature) {
        int from = decimals;
        if (from == feature.decimals()) {
            return;
        }
        decimals = feature.decimals();
        used = rescaled(feature, from, used);
        planUsed = rescaled(feature, from, planUsed);
        overage = rescaled(feature, from, overage);
        carried = rescaled(feature, from, carried);
        windows.values().forEach(window -> window.used = rescaled(feature, from, window.used));
        grants.values().forEach(grant -> grant.left = rescaled(feature, from, grant.left));
        stack.forEach(run -> run.amount = rescaled(feature, from, run.amount));
        holds.replaceAll(hold -> {
            hold.parts.replaceAll((bucket, amount) -> rescaled(feature, from, amount));
            return new Hold(
                    hold.id,
                    rescaled(feature, from, hold.amount),
                    hold.parts,
                    hold.madeAt,
                    hold.expiresAt,
                    hold.periodStart);
        });
        slices.forEach(slice -> {
            slice.unopened.replaceAll((bucket, amount) -> rescaled(feature, from, amount));
            slice.opened.replaceAll((bucket, amount) -> rescaled(feature, from, amount));
        });
    }

    /** An amount in steps of a feature that had another number of decimals. */
    static long rescaled(Feature.Metered feature, int from, long amount) {
        if (from == feature.decimals()) {
            return amount;
        }
        try {
            return BigDecimal.valueOf(amount, from)
                    .movePointRight(feature.decimals())
                    .longValueExact();
        } catch (ArithmeticException e) {
            throw new IllegalStateException(
                    "what is used of \"" + feature.name() + "\" has " + BigDecimal.valueOf(amount, from)
                            + ", which its " + feature.decimals() + " decimals cannot hold; give it " + from
                            + " as before",
                    e);
        }
    }

    /** Parts of an entry as text, and back. */
    static String text(Map<String, Long> parts) {
        var text = new StringBuilder();
        parts.forEach((bucket, amount) -> text.append(text.isEmpty() ? "" : ",")
                .append(bucket)
                .append('=')
                .append(amount));
        return text.toString();
    }

    static Map<String, Long> parts(String text) {
        var parts = new LinkedHashMap<String, Long>();
        if (!text.isEmpty()) {
            for (String part : text.split(",", -1)) {
                int equals = part.indexOf('=');
                parts.put(part.substring(0, equals), Long.parseLong(part.substring(equals + 1)));
            }
        }
        return parts;
    }

    private static String text(long amount) {
        return Long.toString(amount);
    }

    static long micros(Instant time) {
        return Math.addExact(Math.multiplyExact(time.getEpochSecond(), 1_000_000L), time.getNano() / 1_000);
    }

    static Instant time(@Nullable Object micros) {
        return Instant.EPOCH.plus(number(micros), ChronoUnit.MICROS);
    }

    private static long number(@Nullable Object value) {
        return value instanceof String text
                ? Long.parseLong(text)
                : value instanceof Number number ? new BigDecimal(number.toString()).longValueExact() : 0;
    }

    /** What is left of a grant. */
    static final class Balance {
        long left;

        Balance(long left) {
            this.left = left;
        }
    }

    /** What was used in a shorter window. */
    static final class WindowUse {
        final Instant start;
        final Instant end;
        long used;

        WindowUse(Instant start, Instant end) {
            this.start = start;
            this.end = end;
        }
    }

    /** Units that were used one after the other and come from one bucket. */
    static final class Run {
        String bucket;
        long amount;

        /** Whether they were overage first. */
        boolean wasOver;

        Run(String bucket, long amount) {
            this.bucket = bucket;
            this.amount = amount;
        }
    }

    /** A reservation. */
    static final class Hold {
        final UUID id;
        final long amount;
        final Map<String, Long> parts;
        final Instant madeAt;
        final Instant expiresAt;
        final @Nullable Instant periodStart;

        Hold(
                UUID id,
                long amount,
                Map<String, Long> parts,
                Instant madeAt,
                Instant expiresAt,
                @Nullable Instant periodStart) {
            this.id = id;
            this.amount = amount;
            this.parts = parts;
            this.madeAt = madeAt;
            this.expiresAt = expiresAt;
            this.periodStart = periodStart;
        }

        private Map<String, Object> json() {
            var all = new LinkedHashMap<String, Object>();
            all.put("id", id.toString());
            all.put("n", text(amount));
            all.put("parts", MeterState.text(parts));
            all.put("made", micros(madeAt));
            all.put("until", micros(expiresAt));
            if (periodStart != null) {
                all.put("period", micros(periodStart));
            }
            return all;
        }

        private static Hold parse(Map<String, Object> all) {
            return new Hold(
                    UUID.fromString((String) Objects.requireNonNull(all.get("id"))),
                    number(all.get("n")),
                    MeterState.parts((String) Objects.requireNonNull(all.get("parts"))),
                    time(all.get("made")),
                    time(all.get("until")),
                    all.containsKey("period") ? time(all.get("period")) : null);
        }
    }

    /** What a node has leased. */
    static final class Slice {
        final UUID id;

        /** What it may open, by bucket. */
        final Map<String, Long> unopened;

        /** What it has opened, by bucket, so that it returns there if it is not used. */
        final Map<String, Long> opened;

        final @Nullable Instant periodStart;

        /** When the lease ends, by the clock that decides about leases. */
        Instant until;

        Slice(
                UUID id,
                Map<String, Long> unopened,
                Map<String, Long> opened,
                @Nullable Instant periodStart,
                Instant until) {
            this.id = id;
            this.unopened = unopened;
            this.opened = opened;
            this.periodStart = periodStart;
            this.until = until;
        }

        long left() {
            return unopened.values().stream().mapToLong(each -> each).sum();
        }

        private Map<String, Object> json() {
            var all = new LinkedHashMap<String, Object>();
            all.put("id", id.toString());
            all.put("left", MeterState.text(unopened));
            all.put("opened", MeterState.text(opened));
            if (periodStart != null) {
                all.put("period", micros(periodStart));
            }
            all.put("until", micros(until));
            return all;
        }

        private static Slice parse(Map<String, Object> all) {
            return new Slice(
                    UUID.fromString((String) Objects.requireNonNull(all.get("id"))),
                    MeterState.parts((String) Objects.requireNonNull(all.get("left"))),
                    MeterState.parts((String) Objects.requireNonNull(all.get("opened"))),
                    all.containsKey("period") ? time(all.get("period")) : null,
                    time(all.get("until")));
        }
    }
}
