package io.plg.virality;

import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalDouble;

/**
 * The viral coefficient K of a cohort, how many users one member brings, with its 95 % interval, its sample size and its definition.
 *
 * <p>K is {@code converted / members}. Members who sent or brought nothing count. With recorded invitations that is i · c:
 * {@linkplain #invitationsPerMember() invitations per member} times {@linkplain #conversion() conversion}. Without them i, c and
 * {@link #perSender()} are empty, not 0.
 *
 * <p>The interval is a score interval for counts whose variance is estimated, with a quantile of Student's t that is the larger the fewer members the
 * sum comes from. It is made for products of all kinds, among them those where few members bring nearly everybody, and is the wider
 * for it. It is not symmetric. If nobody was brought it ends at 3.69 / n. A cohort without members has no K: the factories return nothing.
 *
 * @param counts the sums that K comes from, of at least one member
 * @param window how long after a member's own activation invitations and activations count; empty if all count
 * @param mature whether that time is over for all members; if not, K may still grow
 */
public record KFactor(ViralCounts counts, Optional<Duration> window, boolean mature) {

    /** What K means for growth, taken from the whole interval. */
    public enum Verdict {
        /** Above 1: every cycle is larger than the one before. */
        EXPONENTIAL,
        /** From 0.5 to 1: referrals add noticeably to what other channels bring. */
        SUPPLEMENTAL,
        /** Below 0.5: referrals add little. */
        NEGLIGIBLE,
        /** The interval has parts of several verdicts: more members are needed to tell. */
        UNCERTAIN
    }

    /**
     * Checks that there is a K.
     *
     * @throws IllegalArgumentException if there are no members, or the window is zero or negative
     */
    public KFactor {
        Objects.requireNonNull(counts, "counts");
        Objects.requireNonNull(window, "window");
        if (counts.members() == 0) {
            throw new IllegalArgumentException("members must be positive, was 0; a cohort without members has no K");
        }
        window.ifPresent(KFactor::checkWindow);
    }

    private static void checkWindow(Duration window) {
        if (window.isZero() || window.isNegative()) {
            throw new IllegalArgumentException("window must be positive, was " + window);
        }
    }

    /**
     * Returns the K of members who were all observed for the same time after their own activation.
     *
     * @param counts the sums over the cohort; invitations and activations count up to the end of the window, inclusive
     * @param window the time of observation
     * @param mature whether that time is over for all members
     * @return K, or empty if the cohort has no members
     * @throws IllegalArgumentException if the window is zero or negative
     */
    public static Optional<KFactor> ofCohort(ViralCounts counts, Duration window, boolean mature) {
        checkWindow(window);
        return counts.members() == 0 ? Optional.empty() : Optional.of(new KFactor(counts, Optional.of(window), mature));
    }

    /**
     * Returns the K of a graph of referrals, where no window is known: edges ÷ members. Such a K counts as mature, and is
     * not comparable with that of a cohort: early members had more time than late ones.
     *
     * @param counts the sums over the members of the graph
     * @return K, or empty if the graph has no members
     */
    public static Optional<KFactor> ofGraph(ViralCounts counts) {
        return counts.members() == 0 ? Optional.empty() : Optional.of(new KFactor(counts, Optional.empty(), true));
    }

    /**
     * Returns K itself.
     *
     * @return how many users one member brought, on average; 0 or more
     */
    public double value() {
        return (double) counts.converted() / counts.members();
    }

    /**
     * Returns the lower end of the 95 % interval.
     *
     * @return from 0 to {@link #value()}
     */
    public double low() {
        return interval().low();
    }

    /**
     * Returns the upper end of the 95 % interval.
     *
     * @return {@link #value()} or more, never 0
     */
    public double high() {
        return interval().high();
    }

    private MeanInterval interval() {
        return MeanInterval.of(counts.members(), counts.converted(), counts.squares());
    }

    /**
     * Returns the sample size.
     *
     * @return how many members K comes from, at least 1
     */
    public long n() {
        return counts.members();
    }

    /**
     * Returns i, invitations per member.
     *
     * @return 0 or more; empty if invitations were not recorded
     */
    public OptionalDouble invitationsPerMember() {
        return counts.invitations().isPresent()
                ? OptionalDouble.of((double) counts.invitations().getAsLong() / n())
                : OptionalDouble.empty();
    }

    /**
     * Returns c, users brought per invitation.
     *
     * @return 0 or more, above 1 where one invitation brings several users; empty if no invitation was recorded
     */
    public OptionalDouble conversion() {
        return convertedPer(counts.invitations().orElse(0));
    }

    /**
     * Returns the per-sender variant of K: invitations per sender, times conversion. It leaves out all who sent nothing and so
     * overstates K. Many dashboards show it; it says nothing about growth.
     *
     * @return at least {@link #value()}; empty if no invitation was recorded
     */
    public OptionalDouble perSender() {
        return convertedPer(counts.senders().orElse(0)); // the invitations cancel out
    }

    private OptionalDouble convertedPer(long count) {
        return count == 0 ? OptionalDouble.empty() : OptionalDouble.of((double) counts.converted() / count);
    }

    /**
     * Says in words what this K is.
     *
     * @return the definition, for display beside the number
     */
    public String definition() {
        if (window.isEmpty()) {
            return "edges ÷ members";
        }
        String time = words(window.get());
        return counts.invitations().isPresent()
                ? "invitations per member × conversion, both within " + time + " of the member's activation"
                : "referred users activated within " + time + " of the member's activation ÷ members";
    }

    private static String words(Duration window) {
        long days = window.toDays();
        if (!window.equals(Duration.ofDays(days))) {
            return window.toString();
        }
        return days == 1 ? "1 day" : days + " days";
    }

    /**
     * Judges K by the whole interval, never by the value alone.
     *
     * @return the verdict that holds for all of the interval, or {@link Verdict#UNCERTAIN}
     */
    public Verdict verdict() {
        MeanInterval interval = interval();
        if (interval.low() > 1) {
            return Verdict.EXPONENTIAL;
        }
        if (interval.high() < 0.5) {
            return Verdict.NEGLIGIBLE;
        }
        return interval.low() >= 0.5 && interval.high() <= 1 ? Verdict.SUPPLEMENTAL : Verdict.UNCERTAIN;
    }

    /**
     * Says what would bring K to 1, or down to it.
     *
     * @return what is needed; empty if invitations were not recorded
     */
    public Optional<WhatIf> whatIf() {
        OptionalDouble invitations = invitationsPerMember();
        return invitations.isPresent()
                ? Optional.of(new WhatIf(invitations.getAsDouble(), conversion()))
                : Optional.empty();
    }

    /**
     * K for people, such as {@code 0.70 (0.61–0.80, n = 500, mature; edges ÷ members)}.
     *
     * @return one line
     */
    @Override
    public String toString() {
        return String.format(
                Locale.ROOT,
                "%.2f (%.2f–%.2f, n = %d, %s; %s)",
                value(),
                low(),
                high(),
                n(),
                mature ? "mature" : "immature",
                definition());
    }

    /**
     * What K = 1 takes: more invitations at the present conversion, or a better conversion of the present invitations.
     *
     * @param invitationsPerMember the present i
     * @param conversion the present c; empty if nothing was sent
     */
    public record WhatIf(double invitationsPerMember, OptionalDouble conversion) {

        /**
         * Checks the figures.
         *
         * @throws IllegalArgumentException if one is negative or not finite
         */
        public WhatIf {
            Checks.finiteNotNegative("invitationsPerMember", invitationsPerMember);
            if (conversion.isPresent()) {
                Checks.finiteNotNegative("conversion", conversion.getAsDouble());
            }
        }

        /**
         * Returns the invitations per member that make K = 1 at the present conversion.
         *
         * @return more than 0; empty if nothing converts, so that no number suffices
         */
        public OptionalDouble invitationsNeeded() {
            return inverse(conversion.orElse(0));
        }

        /**
         * Returns the conversion that makes K = 1 at the present invitations per member.
         *
         * @return more than 0; empty if {@linkplain #noConversionSuffices() none} does
         */
        public OptionalDouble conversionNeeded() {
            return noConversionSuffices() ? OptionalDouble.empty() : inverse(invitationsPerMember);
        }

        /**
         * Tells whether K = 1 cannot be reached without more invitations. That is so with less than one invitation per member, as a
         * conversion above 1 is impossible; unless the present one is above it, where invitations bring several users each, and more than is needed.
         *
         * @return {@code true} if every possible conversion leaves K below 1
         */
        public boolean noConversionSuffices() {
            return invitationsPerMember * Math.max(1, conversion.orElse(0)) < 1;
        }

        private static OptionalDouble inverse(double factor) {
            return factor > 0 ? OptionalDouble.of(1 / factor) : OptionalDouble.empty();
        }

        /**
         * What is needed in words.
         *
         * @return one line
         */
        @Override
        public String toString() {
            String more = invitationsNeeded().isPresent()
                    ? text(invitationsNeeded().getAsDouble()) + " invitations per member at the present conversion of "
                            + text(conversion.orElse(0))
                    : "no number of invitations suffices, as none has converted";
            String better = conversionNeeded().isPresent()
                    ? "a conversion of " + text(conversionNeeded().getAsDouble()) + " at the present "
                            + text(invitationsPerMember) + " invitations per member"
                    : "no conversion suffices at the present " + text(invitationsPerMember)
                            + " invitations per member, as more than 1 is impossible";
            return "K = 1 takes: " + more + "; or: " + better;
        }

        private static String text(double value) {
            return String.format(Locale.ROOT, "%.4g", value);
        }
    }
}
