package io.plg.gate;

import io.plg.plan.Feature;
import io.plg.plan.Limit;
import io.plg.plan.PlanVersion;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * Who has what: the plan of a workspace and everything that is given to it besides. Each change is a fact with a time from which it holds; nothing is overwritten.
 *
 * <p>A change holds at once for {@code consume} on every node, and for what is answered from memory at once on this node and within two seconds on others. It
 * takes part in the transaction of the caller. Editing a limit never clears what was counted.
 *
 * <p>Every method that changes something throws {@code WorkspaceDeleted} after the workspace's deletion.
 */
public interface Entitlements {

    /**
     * Returns the plan that holds now: the one being tried, the one assigned, what the host's resolver says, or the catalog's default.
     *
     * @return the plan
     */
    PlanVersion plan();

    /**
     * Puts the workspace on the latest version of a plan from now on, and ends a trial that is running.
     *
     * @param plan the name of a plan
     * @throws UnknownPlan if the catalog has no such plan
     * @throws IllegalStateException if plans come from the host's resolver
     */
    void assignPlan(String plan);

    /**
     * Puts the workspace on a version of a plan from now on, and ends a trial that is running.
     *
     * @param plan which, in which version; the latest is looked up now
     * @throws UnknownPlan if the catalog has no such plan
     * @throws IllegalStateException if plans come from the host's resolver
     */
    void assignPlan(PlanVersion plan);

    /**
     * Puts the workspace on a plan from a time on. Until then it stays on what it has. What was planned for later before is off.
     *
     * @param plan which, in which version; the latest is looked up now
     * @param from when; a time that has passed means now
     * @throws UnknownPlan if the catalog has no such plan
     * @throws IllegalArgumentException if the time is after the year 9999
     * @throws IllegalStateException if plans come from the host's resolver
     */
    void assignPlan(PlanVersion plan, Instant from);

    /**
     * Lets the workspace try a plan for as long as the plan says. Afterwards it is on what it had, without anybody doing anything. Where the plan that it has ranks as
     * high, the trial has no effect. How often a plan may be tried is the host's to decide; {@link #facts()} tells of trials.
     *
     * @param plan the name of a plan that may be tried
     * @throws UnknownPlan if the catalog has no such plan
     * @throws IllegalArgumentException if the plan does not say how long it may be tried
     */
    void startTrial(String plan);

    /**
     * Lets the workspace try a plan for a time.
     *
     * @param plan the name of a plan
     * @param length for how long, positive and at most 366 days
     * @throws UnknownPlan if the catalog has no such plan
     * @throws IllegalArgumentException if the length is out of range
     */
    void startTrial(String plan, Duration length);

    /** Ends the trial that is running, if there is one. */
    void endTrial();

    /**
     * Sets from where periods are counted and in which time zone: period n begins at {@code anchor + n * interval}, on that date and time of day in the zone. The period
     * that is running goes on, and ends where one of the new ones ends. Without this, periods are those of the calendar in UTC.
     *
     * @param anchor the beginning of some period, such as the time of the first invoice, at most one year ahead
     * @param zone the time zone of the workspace
     * @throws IllegalArgumentException if the anchor is too far in the future, or before the year 1
     */
    void periodsFrom(Instant anchor, ZoneId zone);

    /**
     * Lets the periods of the workspace be those of the calendar in a time zone, and no longer those from an anchor.
     *
     * @param zone the time zone
     */
    void calendarPeriods(ZoneId zone);

    /**
     * Adds an add-on from now on, until it is {@linkplain #end ended}.
     *
     * @param addOn the name of an add-on
     * @param quantity how many of it, 1 to 1,000,000
     * @return by which it can be ended
     * @throws UnknownFeature if the catalog has no such add-on
     * @throws IllegalArgumentException if the quantity is out of range
     */
    UUID addOn(String addOn, int quantity);

    /**
     * Replaces what the plan and add-ons say about a feature, until it is {@linkplain #end ended}. Grants still come on top.
     *
     * @param feature which
     * @param limit what holds instead
     * @return by which it can be ended
     * @throws UnknownFeature if the catalog has no such feature
     */
    UUID override(Feature.Metered feature, Limit limit);

    /**
     * Replaces what the plan and add-ons say about a flag, until it is {@linkplain #end ended}.
     *
     * @param feature which
     * @param on whether it is on
     * @return by which it can be ended
     * @throws UnknownFeature if the catalog has no such feature
     */
    UUID override(Feature.Flag feature, boolean on);

    /**
     * Gives an amount on top.
     *
     * @param grant what
     * @return by which it can be {@linkplain #end ended}
     * @throws UnknownFeature if the catalog has no such feature
     * @throws IllegalArgumentException if an amount is out of range or too fine for the feature, or it would be over already
     */
    UUID grant(Grant grant);

    /**
     * Turns a flag on for a time, whatever the plan says.
     *
     * @param feature which
     * @param length for how long, positive
     * @return by which it can be {@linkplain #end ended}
     * @throws UnknownFeature if the catalog has no such feature
     * @throws IllegalArgumentException if the length is not positive or over a hundred years
     */
    UUID unlock(Feature.Flag feature, Duration length);

    /**
     * Ends an add-on, an override, a grant or an unlock from now on. Not retroactive: what was used of it stays used.
     *
     * @param id what giving it returned
     * @return whether it was there and had not ended
     */
    boolean end(UUID id);

    /**
     * Returns what holds now or will, and what has ended within the last 90 days.
     *
     * @return the facts, in the order in which they were stated
     */
    List<Fact> facts();

    /**
     * Something that was said about what a workspace has.
     *
     * @param id by which it can be ended, where that is possible
     * @param kind what it is about: {@code plan}, {@code trial}, {@code periods}, {@code add_on}, {@code override}, {@code grant} or {@code unlock}
     * @param description what it says, for people
     * @param effectiveAt from when on it holds
     * @param endsAt until when, exclusive; empty for no end
     * @param statedAt when it was said
     */
    record Fact(
            UUID id,
            String kind,
            String description,
            Instant effectiveAt,
            Optional<Instant> endsAt,
            Instant statedAt) {}
}
