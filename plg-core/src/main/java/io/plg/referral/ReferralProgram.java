package io.plg.referral;

import io.plg.internal.Text;
import io.plg.reward.Benefit;
import io.plg.reward.RewardRule;
import io.plg.reward.Stage;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Under which conditions a referral counts, and what is given for it. Immutable.
 *
 * <pre>{@code
 * static final ReferralProgram FRIENDS = ReferralProgram.named("friends")
 *         .link("https://app.example/join")
 *         .window(Duration.ofDays(60))
 *         .reward(RewardRule.on(Stage.ACTIVATION).referrer(Benefit.trialDays(30)).referred(Benefit.trialDays(14)).build())
 *         .build();
 * }</pre>
 *
 * <p>A program of which nothing else is said gives what this one does: when the referred user is activated, 30 days to the referrer and 14 days to
 * the referred user.
 *
 * <p>A referral is bound to the program by its name. Changing a program later changes what comes later; what was attributed stays attributed, and a
 * reward keeps the rule that it was made under.
 */
public final class ReferralProgram {
    private final String name;
    private final int version;
    private final Optional<URI> link;
    private final Touch touch;
    private final Duration window;
    private final Optional<Instant> startsAt;
    private final Optional<Instant> endsAt;
    private final Optional<Duration> codesExpireAfter;
    private final Optional<String> funnel;
    private final List<RewardRule> rewards;

    private ReferralProgram(Builder builder, List<RewardRule> rewards) {
        this.name = builder.name;
        this.version = builder.version;
        this.link = Optional.ofNullable(builder.link);
        this.touch = builder.touch;
        this.window = builder.window;
        this.startsAt = Optional.ofNullable(builder.startsAt);
        this.endsAt = Optional.ofNullable(builder.endsAt);
        this.codesExpireAfter = Optional.ofNullable(builder.codesExpireAfter);
        this.funnel = Optional.ofNullable(builder.funnel);
        this.rewards = rewards;
    }

    /**
     * Starts describing a program.
     *
     * @param name its name, 1 to 128 characters, under which referrals are stored
     * @return a builder
     * @throws IllegalArgumentException if the name is blank, longer than 128 characters, or cannot be stored
     */
    public static Builder named(String name) {
        return new Builder(name);
    }

    /**
     * Returns the name under which referrals are stored.
     *
     * @return the name
     */
    public String name() {
        return name;
    }

    /**
     * Returns the version, which is stored with each referral.
     *
     * @return 1 or more
     */
    public int version() {
        return version;
    }

    /**
     * Returns where referral links lead.
     *
     * @return the address to which a code is added; empty if the host makes links of codes itself
     */
    public Optional<URI> link() {
        return link;
    }

    /**
     * Returns which touch counts.
     *
     * @return {@link Touch#FIRST} unless it was said otherwise
     */
    public Touch touch() {
        return touch;
    }

    /**
     * Returns for how long a touch counts, and how long after a sign-up it can still be attributed.
     *
     * @return how long
     */
    public Duration window() {
        return window;
    }

    /**
     * Returns from when on the program runs. A user who signed up before is not referred by it.
     *
     * @return the first instant; empty for always
     */
    public Optional<Instant> startsAt() {
        return startsAt;
    }

    /**
     * Returns until when the program runs.
     *
     * @return the first instant at which it is over; empty for never
     */
    public Optional<Instant> endsAt() {
        return endsAt;
    }

    /**
     * Tells whether it runs at an instant.
     *
     * @param instant the instant
     * @return {@code true} from the start on and before the end
     */
    public boolean isRunningAt(Instant instant) {
        Objects.requireNonNull(instant, "instant");
        return startsAt.map(start -> !instant.isBefore(start)).orElse(true)
                && endsAt.map(instant::isBefore).orElse(true);
    }

    /**
     * Returns how long a code is good.
     *
     * @return how long after it was made; empty for ever
     */
    public Optional<Duration> codesExpireAfter() {
        return codesExpireAfter;
    }

    /**
     * Returns whose activation counts.
     *
     * @return the name of the funnel; empty for the first funnel of the product
     */
    public Optional<String> funnel() {
        return funnel;
    }

    /**
     * Returns what is given for referrals.
     *
     * @return the rules in the order in which they were added, all of different names; empty without rewards; cannot be modified
     */
    public List<RewardRule> rewards() {
        return rewards;
    }

    /**
     * Returns a rule.
     *
     * @param name its name
     * @return the rule, or empty if there is none of this name
     */
    public Optional<RewardRule> reward(String name) {
        Objects.requireNonNull(name, "name");
        return rewards.stream().filter(each -> each.name().equals(name)).findFirst();
    }

    private List<Object> parts() {
        return List.of(name, version, link, touch, window, startsAt, endsAt, codesExpireAfter, funnel, rewards);
    }

    /** Two programs are equal if everything about them is, the order of the rules included. */
    @Override
    public boolean equals(@Nullable Object other) {
        return this == other || other instanceof ReferralProgram that && parts().equals(that.parts());
    }

    @Override
    public int hashCode() {
        return parts().hashCode();
    }

    /**
     * Returns name and version.
     *
     * @return for example {@code friends@1}
     */
    @Override
    public String toString() {
        return name + "@" + version;
    }

    /** Describes a program. */
    public static final class Builder {
        private static final Duration DEFAULT_WINDOW = Duration.ofDays(30);
        private static final Duration LONGEST = Duration.ofDays(36_500);
        private static final Instant FIRST = Instant.parse("0001-01-01T00:00:00Z");
        private static final Instant LAST = Instant.parse("9999-12-31T23:59:59.999999999Z");
        private static final int REFERRER_DAYS = 30;
        private static final int REFERRED_DAYS = 14;

        private final String name;
        private final Map<String, RewardRule> rewards = new LinkedHashMap<>();
        private int version = 1;
        private @Nullable URI link;
        private Touch touch = Touch.FIRST;
        private Duration window = DEFAULT_WINDOW;
        private @Nullable Instant startsAt;
        private @Nullable Instant endsAt;
        private @Nullable Duration codesExpireAfter;
        private @Nullable String funnel;
        private boolean withoutRewards;

        private Builder(String name) {
            Text.checkName("name", name);
            this.name = name;
        }

        /**
         * Sets where referral links lead. Default: nowhere, the host makes links of codes itself.
         *
         * @param baseUri an address of http or https with a host, without user, query and fragment; a code is added to it
         * @return this builder
         * @throws IllegalArgumentException if it is anything else
         */
        public Builder link(String baseUri) {
            link = checkedLink(baseUri);
            return this;
        }

        private static URI checkedLink(String text) {
            Text.checkStorable("link", Objects.requireNonNull(text, "link"));
            URI uri;
            try {
                uri = new URI(text);
            } catch (URISyntaxException e) {
                throw new IllegalArgumentException(
                        "link must be an address such as \"https://app.example/join\", was \"" + text + "\"", e);
            }
            String scheme = uri.getScheme() == null ? "" : uri.getScheme().toLowerCase(Locale.ROOT);
            if (!(scheme.equals("https") || scheme.equals("http")) || uri.getHost() == null) {
                throw new IllegalArgumentException(
                        "link must be an address of http or https with a host such as \"https://app.example/join\", was \""
                                + text + "\"");
            }
            if (uri.getRawUserInfo() != null || uri.getRawQuery() != null || uri.getRawFragment() != null) {
                throw new IllegalArgumentException(
                        "link must have no user, query or fragment, because a code is added to it, was \"" + text
                                + "\"");
            }
            return uri;
        }

        /**
         * Sets which touch counts, if a user touched the links of several referrers. Default: the first.
         *
         * @param touch which
         * @return this builder
         */
        public Builder touch(Touch touch) {
            this.touch = Objects.requireNonNull(touch, "touch");
            return this;
        }

        /**
         * Sets for how long a touch counts, and how long after a sign-up it can still be attributed. It limits only that: what is attributed stays so.
         * Default: 30 days.
         *
         * @param length how long, more than zero and at most 100 years
         * @return this builder
         * @throws IllegalArgumentException if the length is out of that range
         */
        public Builder window(Duration length) {
            window = length("window", length);
            return this;
        }

        /**
         * Sets from when on the program runs. Default: always.
         *
         * @param instant the first instant, of the years 0001 to 9999
         * @return this builder
         * @throws IllegalArgumentException if it is out of that range or not before the end
         */
        public Builder from(Instant instant) {
            checkOrder(instant("from", instant), endsAt);
            startsAt = instant;
            return this;
        }

        /**
         * Sets when the program is over. Default: never.
         *
         * @param instant the first instant at which it is over, of the years 0001 to 9999
         * @return this builder
         * @throws IllegalArgumentException if it is out of that range or not after the start
         */
        public Builder until(Instant instant) {
            checkOrder(startsAt, instant("until", instant));
            endsAt = instant;
            return this;
        }

        /**
         * Sets how long a code is good after it was made. Default: for ever.
         *
         * @param length how long, more than zero and at most 100 years
         * @return this builder
         * @throws IllegalArgumentException if the length is out of that range
         */
        public Builder codesExpireAfter(Duration length) {
            codesExpireAfter = length("codesExpireAfter", length);
            return this;
        }

        /**
         * Sets whose activation counts. Default: that of the first funnel of the product.
         *
         * @param name the name of the funnel
         * @return this builder
         * @throws IllegalArgumentException if the name is blank, longer than 128 characters, or cannot be stored
         */
        public Builder funnel(String name) {
            Text.checkName("funnel", name);
            funnel = name;
            return this;
        }

        /**
         * Adds something that is given for referrals. Default, without any: 30 days of trial to the referrer and 14 to the referred user, when the
         * latter is activated.
         *
         * @param rule what, to whom and when
         * @return this builder
         * @throws IllegalArgumentException if there is a rule of this name, or it was said that there are no rewards
         */
        public Builder reward(RewardRule rule) {
            if (withoutRewards) {
                throw new IllegalArgumentException("reward \"" + rule.name() + "\" must not be added to program \""
                        + name + "\", which is without rewards");
            }
            if (rewards.containsKey(rule.name())) {
                throw new IllegalArgumentException("reward \"" + rule.name()
                        + "\" is there twice; give one another name, as in RewardRule.on(…).named(…)");
            }
            rewards.put(rule.name(), rule);
            return this;
        }

        /**
         * Gives nothing for referrals; they are only recorded.
         *
         * @return this builder
         * @throws IllegalArgumentException if a rule was added before
         */
        public Builder withoutRewards() {
            if (!rewards.isEmpty()) {
                throw new IllegalArgumentException("program \"" + name + "\" must not be without rewards, it has "
                        + String.join(", ", rewards.keySet()));
            }
            withoutRewards = true;
            return this;
        }

        /**
         * Sets the version, which is stored with each referral. Default: 1.
         *
         * @param version 1 or more
         * @return this builder
         * @throws IllegalArgumentException if it is less than 1
         */
        public Builder version(int version) {
            if (version < 1) {
                throw new IllegalArgumentException("version must be positive, was " + version);
            }
            this.version = version;
            return this;
        }

        /**
         * Builds the program.
         *
         * @return the program
         */
        public ReferralProgram build() {
            List<RewardRule> rules = rewards.isEmpty() && !withoutRewards
                    ? List.of(RewardRule.on(Stage.ACTIVATION)
                            .referrer(Benefit.trialDays(REFERRER_DAYS))
                            .referred(Benefit.trialDays(REFERRED_DAYS))
                            .build())
                    : List.copyOf(rewards.values());
            return new ReferralProgram(this, rules);
        }

        private static Duration length(String field, Duration length) {
            if (Objects.requireNonNull(length, field).isNegative() || length.isZero()) {
                throw new IllegalArgumentException(field + " must be positive, was " + length);
            }
            if (length.compareTo(LONGEST) > 0) {
                throw new IllegalArgumentException(
                        field + " must be at most 100 years (" + LONGEST + "), was " + length);
            }
            return length;
        }

        private static Instant instant(String field, Instant instant) {
            if (Objects.requireNonNull(instant, field).isBefore(FIRST) || instant.isAfter(LAST)) {
                throw new IllegalArgumentException(field + " must be of the years 0001 to 9999, was " + instant);
            }
            return instant;
        }

        private static void checkOrder(@Nullable Instant from, @Nullable Instant until) {
            if (from != null && until != null && !from.isBefore(until)) {
                throw new IllegalArgumentException(
                        "until must be later than from, which is " + from + ", was " + until);
            }
        }
    }
}
