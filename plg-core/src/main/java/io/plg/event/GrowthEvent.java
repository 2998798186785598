package io.plg.event;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.internal.Json;
import java.math.BigDecimal;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened to a user, or to a workspace as a whole, on the way through the product. Events are stored in the transaction in which they happened
 * and carry ids only: no e-mail address, no metadata.
 *
 * <p>{@link #toJson()} is a contract: within a {@linkplain #version() version} of a type, fields are only added.
 */
public sealed interface GrowthEvent {

    /**
     * Returns the id of the event, unique across the installation and the receiver's key for dropping repeats.
     *
     * @return the id
     */
    UUID id();

    /**
     * Returns when plg recorded it, by the configured clock, in microseconds.
     *
     * @return the time
     */
    Instant time();

    /**
     * Returns the workspace it happened in.
     *
     * @return the id of the workspace
     */
    WorkspaceId workspace();

    /**
     * Returns the user it happened to.
     *
     * @return the id of the user, or {@code null} if it happened to the workspace and nobody in particular
     */
    @Nullable
    UserId user();

    /**
     * Returns the type of the event, such as {@code plg.activation.step_completed}.
     *
     * @return the type, stable for ever
     */
    String type();

    /**
     * Returns the version of the type's data.
     *
     * @return the version, from 1
     */
    default int version() {
        return 1;
    }

    /**
     * Returns what the event says beyond its common fields, by field name in a stable order.
     *
     * @return text, whole numbers and booleans only; cannot be modified
     */
    Map<String, Object> data();

    /**
     * Returns the event as JSON: {@code {"id","type","version","time","workspaceId","userId","data":{…}}}, times as ISO-8601 in UTC.
     *
     * @return one line of JSON, always the same text for the same event
     */
    default String toJson() {
        var all = new LinkedHashMap<String, @Nullable Object>();
        UserId user = user();
        all.put("id", id().toString());
        all.put("type", type());
        all.put("version", version());
        all.put("time", time().toString());
        all.put("workspaceId", workspace().value());
        all.put("userId", user == null ? null : user.value());
        all.put("data", data());
        return Json.write(all);
    }

    /**
     * A user completed a step of an activation funnel, for the first time.
     *
     * @param id see {@link GrowthEvent#id()}
     * @param time see {@link GrowthEvent#time()}
     * @param workspace see {@link GrowthEvent#workspace()}
     * @param user see {@link GrowthEvent#user()}
     * @param funnel the name of the funnel
     * @param step the name of the step
     * @param completedAt when the step was completed, which may be long before {@code time}
     */
    record StepCompleted(
            UUID id, Instant time, WorkspaceId workspace, UserId user, String funnel, String step, Instant completedAt)
            implements GrowthEvent {

        /** The {@link GrowthEvent#type()} of these events. */
        public static final String TYPE = "plg.activation.step_completed";

        /** Checks that nothing is missing. */
        public StepCompleted {
            requireAll(id, time, workspace, user, funnel, step, completedAt);
        }

        @Override
        public String type() {
            return TYPE;
        }

        @Override
        public Map<String, Object> data() {
            return dataOf("funnel", funnel, "step", step, "completedAt", completedAt.toString());
        }
    }

    /**
     * A user completed the aha step of an activation funnel, for the first time. It comes after the step's own
     * {@link StepCompleted}, in the same commit.
     *
     * @param id see {@link GrowthEvent#id()}
     * @param time see {@link GrowthEvent#time()}
     * @param workspace see {@link GrowthEvent#workspace()}
     * @param user see {@link GrowthEvent#user()}
     * @param funnel the name of the funnel
     * @param step the name of the aha step
     * @param activatedAt when the step was completed, which may be long before {@code time}
     */
    record UserActivated(
            UUID id, Instant time, WorkspaceId workspace, UserId user, String funnel, String step, Instant activatedAt)
            implements GrowthEvent {

        /** The {@link GrowthEvent#type()} of these events. */
        public static final String TYPE = "plg.activation.activated";

        /** Checks that nothing is missing. */
        public UserActivated {
            requireAll(id, time, workspace, user, funnel, step, activatedAt);
        }

        @Override
        public String type() {
            return TYPE;
        }

        @Override
        public Map<String, Object> data() {
            return dataOf("funnel", funnel, "step", step, "activatedAt", activatedAt.toString());
        }
    }

    /**
     * The use of a feature reached a share of its limit: of a quota for the first time in the period, of a cap for the first time since it was
     * below. It is committed together with the consumption that reached it.
     *
     * @param id see {@link GrowthEvent#id()}
     * @param time see {@link GrowthEvent#time()}
     * @param workspace see {@link GrowthEvent#workspace()}
     * @param user who reached it, if the consumption said so
     * @param feature the name of the feature
     * @param threshold the share in percent
     * @param used how much is used
     * @param limit the limit
     * @param periodStart the beginning of the quota's period; {@code null} for a cap
     */
    record ThresholdReached(
            UUID id,
            Instant time,
            WorkspaceId workspace,
            @Nullable UserId user,
            String feature,
            int threshold,
            BigDecimal used,
            BigDecimal limit,
            @Nullable Instant periodStart)
            implements GrowthEvent {

        /** The {@link GrowthEvent#type()} of these events. */
        public static final String TYPE = "plg.gate.threshold_reached";

        /** Checks that nothing is missing. */
        public ThresholdReached {
            requireAll(id, time, workspace, feature, used, limit);
        }

        @Override
        public String type() {
            return TYPE;
        }

        /** Amounts without decimals are numbers, others text. */
        @Override
        public Map<String, Object> data() {
            return periodStart == null
                    ? dataOf("feature", feature, "threshold", threshold, "used", json(used), "limit", json(limit))
                    : dataOf(
                            "feature",
                            feature,
                            "threshold",
                            threshold,
                            "used",
                            json(used),
                            "limit",
                            json(limit),
                            "periodStart",
                            periodStart.toString());
        }
    }

    /**
     * Somebody who signed up was bound to a referrer. It happened to the referrer; who was referred is not said.
     *
     * @param id see {@link GrowthEvent#id()}
     * @param time see {@link GrowthEvent#time()}
     * @param workspace of the referrer
     * @param user the referrer
     * @param program the name of the program
     * @param referral the id of the referral
     */
    record ReferralAttributed(UUID id, Instant time, WorkspaceId workspace, UserId user, String program, UUID referral)
            implements GrowthEvent {

        /** The {@link GrowthEvent#type()} of these events. */
        public static final String TYPE = "plg.referral.attributed";

        /** Checks that nothing is missing. */
        public ReferralAttributed {
            requireAll(id, time, workspace, user, program, referral);
        }

        @Override
        public String type() {
            return TYPE;
        }

        @Override
        public Map<String, Object> data() {
            return dataOf("program", program, "referralId", referral.toString());
        }
    }

    /**
     * A reward was decided, or went on. It is committed together with what it gives.
     *
     * @param id see {@link GrowthEvent#id()}
     * @param time see {@link GrowthEvent#time()}
     * @param workspace see {@link GrowthEvent#workspace()}
     * @param user who gets the reward; {@code null} if erased
     * @param reward the id of the reward
     * @param program the program or campaign that gives it
     * @param rule the name of the rule
     * @param state where it stands now, such as {@code issued}
     * @param unit what it gives
     * @param amount how much of it
     */
    record RewardStateChanged(
            UUID id,
            Instant time,
            WorkspaceId workspace,
            @Nullable UserId user,
            UUID reward,
            String program,
            String rule,
            String state,
            String unit,
            BigDecimal amount)
            implements GrowthEvent {

        /** The {@link GrowthEvent#type()} of these events. */
        public static final String TYPE = "plg.reward.state_changed";

        /** Checks that nothing is missing. */
        public RewardStateChanged {
            requireAll(id, time, workspace, reward, program, rule, state, unit, amount);
        }

        @Override
        public String type() {
            return TYPE;
        }

        /** Amounts without decimals are numbers, others text. */
        @Override
        public Map<String, Object> data() {
            return dataOf(
                    "rewardId",
                    reward.toString(),
                    "program",
                    program,
                    "rule",
                    rule,
                    "state",
                    state,
                    "unit",
                    unit,
                    "amount",
                    json(amount));
        }
    }

    private static Object json(BigDecimal amount) {
        return amount.scale() <= 0 ? amount.longValueExact() : amount.toPlainString();
    }

    private static void requireAll(Object... components) {
        for (Object component : components) {
            Objects.requireNonNull(component, "every field of a growth event must be given");
        }
    }

    private static Map<String, Object> dataOf(Object... namesAndValues) {
        var data = new LinkedHashMap<String, Object>();
        for (int i = 0; i < namesAndValues.length; i += 2) {
            data.put((String) namesAndValues[i], namesAndValues[i + 1]);
        }
        return java.util.Collections.unmodifiableMap(data);
    }
}
