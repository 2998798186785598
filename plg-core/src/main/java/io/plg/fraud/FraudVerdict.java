package io.plg.fraud;

import io.plg.internal.Json;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a referral, and why.
 *
 * @param action what becomes of it
 * @param signals everything that was noticed, also what alone would have been allowed, in the order of the policy's evaluators
 */
public record FraudVerdict(Action action, List<FraudSignal> signals) {

    /** What becomes of a referral, from good to bad. */
    public enum Action {
        /** It counts. */
        ALLOW,
        /** It waits for a person's decision. */
        HOLD,
        /** It does not count. */
        REJECT
    }

    /** Checks the verdict and copies the signals. */
    public FraudVerdict {
        Objects.requireNonNull(action, "action");
        signals = List.copyOf(signals);
    }

    /**
     * Returns the verdict and its reasons on one line, in English, for people.
     *
     * @return such as {@code HOLD: 3 other accounts on the device, at most 2 allowed (shared device)}
     */
    public String explain() {
        return action + ": "
                + (signals.isEmpty()
                        ? "nothing was noticed"
                        : signals.stream().map(FraudVerdict::explain).collect(Collectors.joining("; ")));
    }

    private static String explain(FraudSignal signal) {
        return signal.detail() + " ("
                + signal.kind().name().toLowerCase(Locale.ROOT).replace('_', ' ')
                + (signal.kind() == FraudSignal.Kind.CUSTOM || signal.kind() == FraudSignal.Kind.EVALUATOR_FAILED
                        ? ", " + signal.evaluator()
                        : "")
                + ")";
    }

    /**
     * Returns the verdict as text for a store.
     *
     * @return one line of JSON, which {@link #parse} reads
     */
    public String toText() {
        Map<String, Object> members = new LinkedHashMap<>();
        members.put("action", action.name());
        members.put(
                "signals",
                signals.stream()
                        .map(signal -> {
                            Map<String, Object> each = new LinkedHashMap<>();
                            each.put("kind", signal.kind().name());
                            each.put("evaluator", signal.evaluator());
                            each.put("detail", signal.detail());
                            return each;
                        })
                        .toList());
        return Json.write(members);
    }

    /**
     * Reads what {@link #toText()} wrote. Members that it does not know are ignored.
     *
     * @param text the text
     * @return the verdict
     * @throws IllegalArgumentException if it is something else
     */
    public static FraudVerdict parse(String text) {
        Objects.requireNonNull(text, "text");
        try {
            if (Json.readAny(text) instanceof Map<?, ?> verdict && verdict.get("signals") instanceof List<?> signals) {
                return new FraudVerdict(
                        Action.valueOf(text(verdict, "action")),
                        signals.stream().map(FraudVerdict::signal).toList());
            }
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException("text must be a verdict as toText() writes it: " + e.getMessage(), e);
        }
        throw new IllegalArgumentException(
                "text must be a verdict as toText() writes it, was JSON without the list \"signals\"");
    }

    private static FraudSignal signal(@Nullable Object json) {
        if (json instanceof Map<?, ?> signal) {
            return new FraudSignal(
                    FraudSignal.Kind.valueOf(text(signal, "kind")), text(signal, "evaluator"), text(signal, "detail"));
        }
        throw new IllegalArgumentException("a signal must be an object");
    }

    private static String text(Map<?, ?> json, String member) {
        if (json.get(member) instanceof String text) {
            return text;
        }
        throw new IllegalArgumentException("\"" + member + "\" must be text");
    }
}
