package io.plg.jdbi;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.event.GrowthEvent;
import io.plg.gate.UsageStore.Entry;
import io.plg.gate.UsageStore.Fact;
import io.plg.gate.UsageStore.Facts;
import io.plg.gate.UsageStore.Kind;
import io.plg.gate.UsageStore.Lane;
import io.plg.gate.UsageStore.MeterChange;
import io.plg.gate.UsageStore.MeterKey;
import io.plg.internal.Json;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** How facts, meters and entries are written for the functions of the schema, and read. */
final class StoredUsage {
    private static final Instant LAST = Instant.parse("9999-12-31T23:59:59.999999Z");

    private static final String EVENT_STORED =
            "select exists (select 1 from plg.growth_event where workspace_id = :workspace and id = :id)";

    private StoredUsage() {}

    /** By what it can be told afterwards whether these events have happened: all of them or none. */
    static Optional<Session.Stored> told(WorkspaceId workspace, List<GrowthEvent> events) {
        return events.stream()
                .findFirst()
                .map(event -> new Session.Stored(
                        null,
                        workspace,
                        handle -> handle.createQuery(EVENT_STORED)
                                .bind("workspace", workspace.value())
                                .bind("id", event.id())
                                .mapTo(Boolean.class)
                                .one()));
    }

    /** What the table calls the workspace in the place of a member. */
    static String user(MeterKey key) {
        return key.member() == null ? "" : key.member().value();
    }

    static BigDecimal shown(MeterKey key, long steps) {
        return BigDecimal.valueOf(steps, key.decimals());
    }

    /** In steps. What has more decimals than the feature was stored when it had more. */
    static long steps(MeterKey key, BigDecimal shown) {
        try {
            return shown.setScale(key.decimals(), RoundingMode.UNNECESSARY)
                    .movePointRight(key.decimals())
                    .longValueExact();
        } catch (ArithmeticException e) {
            throw new IllegalStateException(
                    "the ledger of \"" + key.feature() + "\" has " + shown.toPlainString()
                            + ", which is finer than the " + key.decimals()
                            + " decimals of the feature; give it as many as it had",
                    e);
        }
    }

    /** What PostgreSQL can read: it does not know the sign that Java puts before longer years. */
    static String text(Instant time) {
        return stored(time).toString();
    }

    /** The time, or the last one that all can read. */
    static Instant stored(Instant time) {
        return time.isAfter(LAST) ? LAST : time;
    }

    static long micros(Instant time) {
        return ChronoUnit.MICROS.between(Instant.EPOCH, time);
    }

    static Instant time(long micros) {
        return Instant.EPOCH.plus(micros, ChronoUnit.MICROS);
    }

    @SuppressWarnings("unchecked")
    static Facts facts(long version, String json) {
        var facts = new ArrayList<Fact>();
        for (List<@Nullable Object> each : (List<List<@Nullable Object>>) Objects.requireNonNull(Json.readAny(json))) {
            facts.add(new Fact(
                    UUID.fromString(text(each.get(0))),
                    text(each.get(1)),
                    (String) each.get(2),
                    time(number(each.get(3))),
                    each.get(4) == null ? null : time(number(each.get(4))),
                    time(number(each.get(5))),
                    number(each.get(6)),
                    text(each.get(7))));
        }
        return new Facts(version, facts);
    }

    private static String text(@Nullable Object value) {
        return (String) Objects.requireNonNull(value);
    }

    private static long number(@Nullable Object value) {
        return ((Number) Objects.requireNonNull(value)).longValue();
    }

    static String json(List<Fact> facts) {
        return Json.write(facts.stream()
                .map(fact -> {
                    var all = new LinkedHashMap<String, @Nullable Object>();
                    all.put("id", fact.id().toString());
                    all.put("kind", fact.kind());
                    all.put("feature", fact.feature());
                    all.put("effective_at", text(fact.effectiveAt()));
                    all.put("ends_at", fact.endsAt() == null ? null : text(fact.endsAt()));
                    all.put("stated_at", text(fact.statedAt()));
                    all.put("body", fact.body());
                    return all;
                })
                .toList());
    }

    static String meters(List<MeterChange> changes) {
        return Json.write(changes.stream()
                .map(each -> {
                    var all = new LinkedHashMap<String, Object>();
                    all.put("feature", each.key().feature());
                    all.put("user", user(each.key()));
                    all.put("state", each.state());
                    all.put("used", shown(each.key(), each.used()).toPlainString());
                    all.put("held", shown(each.key(), each.held()).toPlainString());
                    all.put("asOf", text(each.asOf()));
                    if (each.lane() != null) {
                        all.put("lane", lane(each.lane()));
                        all.put("amounts", spread(each.lane().left(), each.slots()));
                    }
                    return all;
                })
                .toList());
    }

    /** In equal parts, which together are never more than the whole. */
    private static List<Long> spread(long left, int slots) {
        var parts = new ArrayList<Long>(slots);
        for (int i = 0; i < slots; i++) {
            parts.add(left / slots + (i < left % slots ? 1 : 0));
        }
        return parts;
    }

    private static Map<String, @Nullable Object> lane(Lane lane) {
        var all = new LinkedHashMap<String, @Nullable Object>();
        all.put("basis", lane.basis());
        all.put("version", lane.version());
        all.put("until", lane.until().isAfter(LAST) ? "infinity" : text(lane.until()));
        all.put("denies", lane.denies());
        all.put("used", lane.used());
        all.put("held", lane.held());
        all.put("lim", lane.limit());
        all.put("remaining", lane.remaining());
        all.put("overage", lane.overage());
        all.put("period_start", lane.periodStart() == null ? null : text(lane.periodStart()));
        all.put("period_end", lane.periodEnd() == null ? null : text(lane.periodEnd()));
        all.put("bucket", lane.bucket());
        return all;
    }

    static @Nullable String entries(List<Entry> entries) {
        return entries.isEmpty()
                ? null
                : Json.write(entries.stream()
                        .map(entry -> {
                            var all = new LinkedHashMap<String, @Nullable Object>();
                            all.put("feature", entry.key().feature());
                            all.put("slot", entry.slot());
                            all.put("seq", entry.sequence());
                            all.put("kind", entry.kind().name());
                            all.put("amount", shown(entry.key(), entry.amount()).toPlainString());
                            all.put("held", shown(entry.key(), entry.held()).toPlainString());
                            all.put("parts", entry.parts());
                            all.put("at", text(entry.at()));
                            all.put("period", entry.periodStart() == null ? null : text(entry.periodStart()));
                            all.put(
                                    "actor",
                                    entry.actor() == null ? null : entry.actor().value());
                            all.put(
                                    "hold",
                                    entry.hold() == null ? null : entry.hold().toString());
                            all.put("refers", entry.refersTo());
                            return all;
                        })
                        .toList());
    }

    static @Nullable String events(List<GrowthEvent> events) {
        if (events.isEmpty()) {
            return null;
        }
        var json = new StringBuilder("[");
        for (GrowthEvent event : events) {
            json.append(json.length() == 1 ? "" : ",").append(event.toJson());
        }
        return json.append(']').toString();
    }

    /** A line of the ledger as its columns. Where nobody says of which meter it is, its amounts have the decimals of the table. */
    static Entry entry(
            @Nullable MeterKey of,
            String feature,
            int slot,
            long seq,
            String kind,
            BigDecimal amount,
            BigDecimal held,
            String parts,
            Instant at,
            @Nullable Instant periodStart,
            @Nullable String actor,
            @Nullable UUID hold,
            @Nullable String refersTo) {
        MeterKey key =
                of != null ? of : new MeterKey(feature, Math.max(0, Math.max(amount.scale(), held.scale())), null);
        return new Entry(
                key,
                slot,
                seq,
                Kind.valueOf(kind),
                steps(key, amount),
                steps(key, held),
                parts,
                actor == null ? null : UserId.of(actor),
                hold,
                refersTo,
                at,
                periodStart);
    }
}
