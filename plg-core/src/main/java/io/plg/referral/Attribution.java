package io.plg.referral;

import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Function;

/**
 * Whether somebody who signed up was bound to a referrer. A sign-up never fails because of it. What a stranger is told should be the same in each case.
 */
public sealed interface Attribution {

    /**
     * Tells whether the user was bound, by this call.
     *
     * @return {@code true} for {@link Attributed}
     */
    boolean attributed();

    /**
     * Returns why the user was not bound.
     *
     * @return the reason; empty if the user was
     */
    Optional<Reason> reason();

    /**
     * Handles each case.
     *
     * @param attributed for a user who was bound
     * @param not for one who was not
     * @param <T> the type of the result
     * @return what the function returned
     */
    <T> T fold(Function<Attributed, T> attributed, Function<NotAttributed, T> not);

    /**
     * The user was bound to a referrer.
     *
     * @param referral the id of the referral
     * @param program in which program
     * @param held whether somebody is to look at it before it earns anything
     */
    record Attributed(UUID referral, String program, boolean held) implements Attribution {

        /** Checks that nothing is missing. */
        public Attributed {
            Objects.requireNonNull(referral, "referral");
            Objects.requireNonNull(program, "program");
        }

        @Override
        public boolean attributed() {
            return true;
        }

        @Override
        public Optional<Reason> reason() {
            return Optional.empty();
        }

        @Override
        public <T> T fold(Function<Attributed, T> attributed, Function<NotAttributed, T> not) {
            return attributed.apply(this);
        }
    }

    /**
     * The user was not bound, and nothing was stored.
     *
     * @param why the reason
     * @param explanation the same in words, for the host's own people
     */
    record NotAttributed(Reason why, String explanation) implements Attribution {

        /** Checks that nothing is missing. */
        public NotAttributed {
            Objects.requireNonNull(why, "why");
            Objects.requireNonNull(explanation, "explanation");
        }

        @Override
        public boolean attributed() {
            return false;
        }

        @Override
        public Optional<Reason> reason() {
            return Optional.of(why);
        }

        @Override
        public <T> T fold(Function<Attributed, T> attributed, Function<NotAttributed, T> not) {
            return not.apply(this);
        }
    }

    /** Why somebody was not bound. */
    enum Reason {
        /** There is no such code. */
        UNKNOWN_CODE,
        /** The code was ended by the host. */
        INACTIVE_CODE,
        /** The code is older than the program lets codes be. */
        EXPIRED_CODE,
        /** The program has not begun, is over, or is not there any more. */
        PROGRAM_NOT_RUNNING,
        /** Whoever signed up is the referrer, by id, e-mail address or device. */
        SELF_REFERRAL,
        /** Whoever signed up has, perhaps by others, referred the referrer. */
        LOOP,
        /** The user was bound before, in this program. */
        ALREADY_ATTRIBUTED,
        /** The user signed up before the program began. */
        OLDER_THAN_PROGRAM,
        /** The code was seen, or the user signed up, too long ago. */
        OUTSIDE_WINDOW,
        /** What was brought back was not given out by this installation, or was changed. */
        FORGED,
        /** The policy on fraud refuses it. */
        FRAUD,
        /** Too many codes were tried from there that do not exist. */
        RATE_LIMITED
    }
}
