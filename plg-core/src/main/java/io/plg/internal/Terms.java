package io.plg.internal;

import io.plg.gate.Source;
import io.plg.plan.Every;
import io.plg.plan.Feature;
import io.plg.plan.OverLimit;
import io.plg.plan.PlanVersion;
import io.plg.plan.UsagePeriod;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a workspace has of a metered feature at some time, without grants.
 *
 * @param feature which
 * @param included whether plan, add-ons or override know it at all
 * @param limit how much, or {@link Ticks#UNLIMITED}
 * @param overLimit what happens beyond
 * @param grace how long it may be exceeded
 * @param windows shorter limits within the period
 * @param memberLimit how much one member may use, or {@link Ticks#UNLIMITED}
 * @param thresholds at which percentages to tell, ascending
 * @param preservesOverage whether overage survives a reset
 * @param source where it comes from
 * @param plan the plan
 * @param schedule when periods begin
 * @param until until when all of this holds
 */
record Terms(
        Feature.Metered feature,
        boolean included,
        long limit,
        OverLimit overLimit,
        Duration grace,
        List<Window> windows,
        long memberLimit,
        List<Integer> thresholds,
        boolean preservesOverage,
        Source source,
        PlanVersion plan,
        Schedule schedule,
        Instant until) {

    /** The same for one member: nothing but a limit. */
    Terms ofMember() {
        return new Terms(
                feature,
                included,
                memberLimit,
                OverLimit.BLOCK,
                Duration.ZERO,
                List.of(),
                Ticks.UNLIMITED,
                List.of(),
                false,
                source,
                plan,
                schedule,
                until);
    }

    /** A number that differs if what is allowed differs. */
    long basis() {
        long hash = 1_125_899_906_842_597L;
        for (Object part : new Object[] {
            feature.decimals(),
            feature instanceof Feature.Quota quota ? quota.every().toString() : "",
            included,
            limit,
            overLimit.name(),
            grace.toMillis(),
            windows.toString(),
            memberLimit,
            thresholds,
            preservesOverage,
            source.name(),
            plan.toString(),
            schedule.toString()
        }) {
            String text = part.toString();
            for (int i = 0; i < text.length(); i++) {
                hash = 31 * hash + text.charAt(i);
            }
            hash = (hash ^ (hash >>> 29)) * 0xbf58476d1ce4e5b9L;
        }
        return hash;
    }

    /** A shorter limit. */
    record Window(Every every, long amount) {}

    /**
     * When periods begin.
     *
     * @param anchor from where they are counted, or null for the calendar
     * @param zone in which time zone
     * @param since when that was said
     */
    record Schedule(@Nullable Instant anchor, ZoneId zone, Instant since) {

        UsagePeriod period(Every every, Instant at) {
            return every.periodAt(at, anchor, zone);
        }

        /** Shorter windows follow the calendar. */
        UsagePeriod window(Every every, Instant at) {
            return every.periodAt(at, null, zone);
        }
    }

    /**
     * A grant, in steps.
     *
     * @param id its id
     * @param amount the full amount
     * @param priority 1 to 255
     * @param from when it becomes active
     * @param until when it is no longer active, or null
     * @param statedAt when it was given
     * @param recurrence after which time it returns to the full amount, if it does
     * @param minRollover at least so much after a reset
     * @param maxRollover at most so much after a reset, or {@link Ticks#UNLIMITED}
     * @param expires when it was to end when it was given, or null: to end it earlier changes nothing of the order in which it was used up before
     */
    record GrantTerms(
            String id,
            long amount,
            int priority,
            Instant from,
            @Nullable Instant until,
            Instant statedAt,
            Optional<Every> recurrence,
            long minRollover,
            long maxRollover,
            @Nullable Instant expires) {

        /** From when on it can be used: one that is given for the past begins when it is given, and does not change what was before. */
        Instant begins() {
            return from.isBefore(statedAt) ? statedAt : from;
        }

        boolean activeAt(Instant at) {
            return !at.isBefore(begins()) && (until == null || at.isBefore(until));
        }
    }
}
