package io.plg.internal;

import io.plg.gate.GateDecision;
import io.plg.gate.GateMessages;
import io.plg.gate.Severity;
import io.plg.plan.Every;
import io.plg.plan.Feature;
import io.plg.plan.Limit;
import io.plg.plan.Plan;
import java.math.BigDecimal;
import java.util.Optional;

/** What the gates say unless the host has words of its own. */
final class EnglishGateMessages implements GateMessages {

    @Override
    public String message(GateDecision decision) {
        String things = things(decision.feature());
        switch (decision.reason()) {
            case FEATURE_NOT_FOUND -> {
                return "There is no feature \"" + things + "\".";
            }
            case NOT_IN_PLAN -> {
                return "Your plan does not include " + things + ".";
            }
            case ENABLED -> {
                return "Your plan includes " + things + ".";
            }
            case FALLBACK_OPEN, FALLBACK_CLOSED -> {
                return "The use of " + things + " cannot be looked up at the moment.";
            }
            case WINDOW_LIMIT_REACHED -> {
                return "You have used as many " + things + " as is possible for now."
                        + decision.resetsAt()
                                .map(at -> " More are possible from " + at + ".")
                                .orElse("");
            }
            default -> {
                return used(decision, things);
            }
        }
    }

    private static String used(GateDecision decision, String things) {
        GateDecision.Decimals amounts = decision.decimal();
        boolean quota = decision.feature() instanceof Feature.Quota;
        String verb = quota ? "You have used " : "You have ";
        String when = decision.feature() instanceof Feature.Quota of ? when(of.every()) : "";
        if (amounts.limit().isEmpty()) {
            return verb + text(amounts.used()) + " " + things + when + ", without a limit.";
        }
        BigDecimal taken = amounts.used().add(amounts.held());
        String limit = text(amounts.limit().get());
        boolean full = taken.compareTo(amounts.limit().get()) == 0 && taken.signum() > 0;
        String state = verb + (full ? "all " + limit : text(taken) + " of " + limit) + " " + things + when;
        if (decision.severity() == Severity.BLOCKED
                && !full
                && taken.compareTo(amounts.limit().get()) < 0) {
            state += " and asked for " + text(amounts.requested()) + " more";
        }
        return state + "."
                + decision.graceEndsAt()
                        .map(end -> " You can go on until " + end + ".")
                        .orElse("");
    }

    @Override
    public String upgrade(GateDecision decision, Plan plan) {
        String things = things(decision.feature());
        if (!(decision.feature() instanceof Feature.Metered metered)) {
            return "Upgrade to " + plan.name() + " for " + things + ".";
        }
        Limit limit = plan.limit(metered).orElseThrow();
        String per = metered instanceof Feature.Quota quota ? per(quota.every()) : "";
        BigDecimal amount = limit.amount();
        return "Upgrade to " + plan.name() + " for " + (amount == null ? "unlimited " : text(amount) + " ") + things
                + (amount == null ? "" : per) + ".";
    }

    @Override
    public Optional<String> upgradeUrl(GateDecision decision, Plan plan) {
        return Optional.empty();
    }

    private static String things(Feature feature) {
        return feature.name().replace('_', ' ');
    }

    private static String text(BigDecimal amount) {
        return amount.signum() == 0 ? "0" : amount.stripTrailingZeros().toPlainString();
    }

    private static String when(Every every) {
        if (every.equals(Every.HOUR)) {
            return " this hour";
        }
        if (every.equals(Every.DAY)) {
            return " today";
        }
        if (every.equals(Every.WEEK)) {
            return " this week";
        }
        if (every.equals(Every.MONTH)) {
            return " this month";
        }
        return every.equals(Every.YEAR) ? " this year" : " in this period";
    }

    private static String per(Every every) {
        if (every.equals(Every.HOUR)) {
            return " an hour";
        }
        if (every.equals(Every.DAY)) {
            return " a day";
        }
        if (every.equals(Every.WEEK)) {
            return " a week";
        }
        if (every.equals(Every.MONTH)) {
            return " a month";
        }
        return every.equals(Every.YEAR) ? " a year" : " every " + every;
    }
}
