package io.plg.fraud;

import io.plg.internal.Text;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * Something that a {@link FraudEvaluator} noticed about a referral. It is stored and shown to people, so it names no person: the detail never holds an e-mail
 * address, a device or an IP address. Text that looks like an e-mail address is refused; the rest is the duty of who writes an evaluator.
 *
 * @param kind what it is
 * @param evaluator the name of the evaluator that noticed it
 * @param detail why, for people, 1 to 500 characters on one line
 */
public record FraudSignal(Kind kind, String evaluator, String detail) {
    private static final int MAX_DETAIL = 500;
    private static final Pattern ADDRESS = Pattern.compile("[^\\s@]@[^\\s@]");

    /** What evaluators notice. A {@link FraudPolicy} has an action for each. */
    public enum Kind {
        /** The referrer and the newcomer are one person. */
        SELF_REFERRAL,
        /** The newcomer's e-mail address is at a host of throw-away addresses. */
        DISPOSABLE_DOMAIN,
        /** The newcomer's e-mail address is at a host that gives everybody one. */
        FREE_DOMAIN,
        /** Referrer and newcomer have e-mail addresses at one domain. */
        SAME_DOMAIN,
        /** The newcomer's e-mail address is at none of the required domains. */
        OTHER_DOMAIN,
        /** What the newcomer gave is no e-mail address. */
        INVALID_EMAIL,
        /** Too many accounts on one device. */
        SHARED_DEVICE,
        /** Too many accounts on one network address. */
        SHARED_IP,
        /** The referrer brings too many in a short time. */
        INVITER_VELOCITY,
        /** Too many newcomers in a short time on one device. */
        DEVICE_VELOCITY,
        /** The people around the referrer are too often on one device or network address. */
        RING,
        /** An evaluator failed or was late, so that nobody knows. */
        EVALUATOR_FAILED,
        /** What an evaluator of the host noticed. */
        CUSTOM
    }

    /**
     * Checks the signal.
     *
     * @throws IllegalArgumentException if the evaluator is no name of 1 to 128 characters, or the detail is blank, longer than 500 characters, has control
     *     characters or looks as if it had an e-mail address
     */
    public FraudSignal {
        Objects.requireNonNull(kind, "kind");
        checkEvaluator(evaluator);
        Objects.requireNonNull(detail, "detail");
        if (detail.isBlank() || detail.length() > MAX_DETAIL) {
            throw new IllegalArgumentException(
                    "detail must have 1 to " + MAX_DETAIL + " characters, had " + detail.length());
        }
        Text.checkStorable("detail", detail);
        if (hasControl(detail)) {
            throw new IllegalArgumentException("detail must be one line without control characters");
        }
        if (ADDRESS.matcher(detail).find()) {
            throw new IllegalArgumentException(
                    "detail must not hold an e-mail address; say what is wrong with it instead");
        }
    }

    static String checkEvaluator(String name) {
        Text.checkName("evaluator", name);
        if (hasControl(name)) {
            throw new IllegalArgumentException("evaluator must be one line without control characters");
        }
        return name;
    }

    private static boolean hasControl(String text) {
        return text.chars().anyMatch(c -> Character.isISOControl(c) || c == '\u2028' || c == '\u2029');
    }
}
