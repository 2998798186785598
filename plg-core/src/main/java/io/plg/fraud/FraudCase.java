package io.plg.fraud;

import io.plg.UserId;
import io.plg.internal.Text;
import java.time.Instant;
import java.util.Objects;
import java.util.Optional;

/**
 * One referral to be judged: somebody new signs up with the code of a referrer. Its text form does not show the e-mail address.
 *
 * @param program the name of the referral program
 * @param referrer whose code it is
 * @param newcomer who signs up
 * @param email what the newcomer gave as e-mail address, as it was typed; empty if the host did not say
 * @param history what the store knows about the two
 * @param at when it is judged
 */
public record FraudCase(
        String program, UserId referrer, UserId newcomer, Optional<String> email, FraudHistory history, Instant at) {

    /**
     * Checks the case.
     *
     * @throws IllegalArgumentException if the program is blank, longer than 128 characters, or has a NUL or a lone surrogate
     */
    public FraudCase {
        Text.checkName("program", program);
        Objects.requireNonNull(referrer, "referrer");
        Objects.requireNonNull(newcomer, "newcomer");
        Objects.requireNonNull(email, "email");
        Objects.requireNonNull(history, "history");
        Objects.requireNonNull(at, "at");
    }

    /**
     * Reads the newcomer's e-mail address.
     *
     * @return the address; empty if there is none or it is not valid
     */
    public Optional<EmailAddress> address() {
        return email.flatMap(EmailAddress::parse);
    }

    /** Returns the case without the e-mail address. */
    @Override
    public String toString() {
        return "FraudCase[program=" + program + ", referrer=" + referrer + ", newcomer=" + newcomer + ", email="
                + (email.isPresent() ? "given" : "none") + ", history=" + history + ", at=" + at + "]";
    }
}
