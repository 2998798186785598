package io.plg.reward;

import io.plg.internal.Text;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * A benefit that many users claim, each once, from one stock: the first 500 get it. Immutable.
 *
 * <pre>{@code
 * RewardCampaign.named("launch")
 *         .gives(Benefit.trialDays(60))
 *         .stock(500)
 *         .until(Instant.parse("2027-01-01T00:00:00Z"))
 *         .build()
 * }</pre>
 */
public final class RewardCampaign {
    private final String name;
    private final int version;
    private final Benefit benefit;
    private final OptionalLong stock;
    private final Optional<Instant> startsAt;
    private final Optional<Instant> endsAt;

    private RewardCampaign(Builder builder, Benefit benefit) {
        this.name = builder.name;
        this.version = builder.version;
        this.benefit = benefit;
        this.stock = builder.stock;
        this.startsAt = builder.startsAt;
        this.endsAt = builder.endsAt;
    }

    /**
     * Starts describing a campaign.
     *
     * @param name its name, 1 to 128 characters, under which claims are stored
     * @return a builder
     * @throws IllegalArgumentException if the name is blank, longer than 128 characters, or cannot be stored
     */
    public static Builder named(String name) {
        return new Builder(name);
    }

    /**
     * Reads what {@link #toText()} writes, for example:
     *
     * <pre>{@code
     * {"name": "launch", "version": 1, "gives": {"kind": "trial_days", "days": 60}, "stock": 500,
     *  "from": "2026-12-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"}
     * }</pre>
     *
     * <p>The name and what it gives are needed.
     *
     * @param json the text
     * @return the campaign
     * @throws IllegalArgumentException if it is not JSON, something is missing, unknown, there twice or of the wrong type, or a rule of the builder
     *     does not hold; the message is the first problem with its path, further ones are {@linkplain Throwable#getSuppressed() suppressed}
     */
    public static RewardCampaign parse(String json) {
        return RewardText.readCampaign(json);
    }

    /**
     * Writes the campaign as JSON.
     *
     * @return one line, from which {@link #parse(String)} reads an equal campaign
     */
    public String toText() {
        return RewardText.write(this);
    }

    /**
     * Returns the name under which claims are stored.
     *
     * @return the name
     */
    public String name() {
        return name;
    }

    /**
     * Returns the version, which is stored with each claim.
     *
     * @return 1 or more
     */
    public int version() {
        return version;
    }

    /**
     * Returns what each claimant gets.
     *
     * @return the benefit
     */
    public Benefit benefit() {
        return benefit;
    }

    /**
     * Returns how many can be claimed, across the installation.
     *
     * @return how many; empty for any number
     */
    public OptionalLong stock() {
        return stock;
    }

    /**
     * Returns from when on it can be claimed.
     *
     * @return the first instant; empty for always
     */
    public Optional<Instant> startsAt() {
        return startsAt;
    }

    /**
     * Returns until when it can be claimed.
     *
     * @return the first instant at which it is over; empty for never
     */
    public Optional<Instant> endsAt() {
        return endsAt;
    }

    /**
     * Tells whether it can be claimed at an instant, if there is stock left.
     *
     * @param instant the instant
     * @return {@code true} from the start on and before the end
     */
    public boolean isOpenAt(Instant instant) {
        Objects.requireNonNull(instant, "instant");
        return startsAt.map(start -> !instant.isBefore(start)).orElse(true)
                && endsAt.map(instant::isBefore).orElse(true);
    }

    private List<Object> parts() {
        return List.of(name, version, benefit, stock, startsAt, endsAt);
    }

    /** Two campaigns are equal if everything about them is. */
    @Override
    public boolean equals(@Nullable Object other) {
        return this == other || other instanceof RewardCampaign that && parts().equals(that.parts());
    }

    @Override
    public int hashCode() {
        return parts().hashCode();
    }

    /** Returns the campaign as JSON. */
    @Override
    public String toString() {
        return toText();
    }

    /** Describes a campaign. */
    public static final class Builder {
        private final String name;
        private int version = 1;
        private @Nullable Benefit benefit;
        private OptionalLong stock = OptionalLong.empty();
        private Optional<Instant> startsAt = Optional.empty();
        private Optional<Instant> endsAt = Optional.empty();

        private Builder(String name) {
            Text.checkName("name", name);
            this.name = name;
        }

        /**
         * Sets what each claimant gets.
         *
         * @param benefit what
         * @return this builder
         */
        public Builder gives(Benefit benefit) {
            this.benefit = Objects.requireNonNull(benefit, "benefit");
            return this;
        }

        /**
         * Sets how many can be claimed, across the installation. Default: any number.
         *
         * @param count how many, positive
         * @return this builder
         * @throws IllegalArgumentException if it is not positive
         */
        public Builder stock(long count) {
            Checks.positive("stock", count);
            stock = OptionalLong.of(count);
            return this;
        }

        /**
         * Sets from when on it can be claimed. Default: always.
         *
         * @param instant the first instant, of the years 0001 to 9999
         * @return this builder
         * @throws IllegalArgumentException if it is out of that range or not before the end
         */
        public Builder from(Instant instant) {
            Optional<Instant> start = Optional.of(Checks.instant("from", instant));
            Checks.order(start, endsAt);
            startsAt = start;
            return this;
        }

        /**
         * Sets when it is over. Default: never.
         *
         * @param instant the first instant at which it is over, of the years 0001 to 9999
         * @return this builder
         * @throws IllegalArgumentException if it is out of that range or not after the start
         */
        public Builder until(Instant instant) {
            Optional<Instant> end = Optional.of(Checks.instant("until", instant));
            Checks.order(startsAt, end);
            endsAt = end;
            return this;
        }

        /**
         * Sets the version, which is stored with each claim. Default: 1.
         *
         * @param version 1 or more
         * @return this builder
         * @throws IllegalArgumentException if it is less than 1
         */
        public Builder version(int version) {
            Checks.positive("version", version);
            this.version = version;
            return this;
        }

        /**
         * Builds the campaign.
         *
         * @return the campaign
         * @throws IllegalStateException if it was not said what it gives
         */
        public RewardCampaign build() {
            if (benefit == null) {
                throw new IllegalStateException(
                        "campaign \"" + name + "\" must give something; say what with gives(…)");
            }
            return new RewardCampaign(this, benefit);
        }
    }
}
