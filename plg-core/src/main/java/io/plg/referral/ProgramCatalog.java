package io.plg.referral;

import io.plg.reward.RewardCampaign;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Every referral program and every campaign of a product. Immutable.
 *
 * <pre>{@code
 * static final ProgramCatalog PROGRAMS = ProgramCatalog.builder()
 *         .program(FRIENDS)
 *         .campaign(RewardCampaign.named("launch").gives(Benefit.trialDays(60)).stock(500).build())
 *         .build();
 * }</pre>
 *
 * <p>No two of them, whether program or campaign, have the same name. The catalog can be written in JSON instead, see {@link #fromJson(String)}.
 */
public final class ProgramCatalog {
    private final Map<String, ReferralProgram> programs;
    private final Map<String, RewardCampaign> campaigns;

    private ProgramCatalog(Builder builder) {
        this.programs = new LinkedHashMap<>(builder.programs);
        this.campaigns = new LinkedHashMap<>(builder.campaigns);
    }

    /**
     * Returns a catalog of programs.
     *
     * @param programs the programs; without any, a catalog in which nothing is
     * @return the catalog
     * @throws IllegalArgumentException if two have the same name
     */
    public static ProgramCatalog of(ReferralProgram... programs) {
        Builder builder = builder();
        for (ReferralProgram program : programs) {
            builder.program(program);
        }
        return builder.build();
    }

    /**
     * Starts describing a catalog.
     *
     * @return a builder
     */
    public static Builder builder() {
        return new Builder();
    }

    /**
     * Reads a catalog from JSON, for example:
     *
     * <pre>{@code
     * {"programs": [
     *    {"name": "friends", "version": 2, "link": "https://app.example/join", "touch": "last", "window": "P60D",
     *     "from": "2027-01-01T00:00:00Z", "until": "2028-01-01T00:00:00Z", "codesExpireAfter": "P365D", "funnel": "onboarding",
     *     "rewards": [
     *       {"on": "activation", "referrer": {"kind": "trial_days", "days": 30}, "referred": {"kind": "trial_days", "days": 14}},
     *       {"on": "first_payment", "referrer": {"kind": "account_credit", "money": "USD 20.00"}, "hold": "P14D",
     *        "caps": [{"scope": "referrer", "count": 5, "per": "month"}, {"scope": "program", "money": "USD 5000.00", "per": "year"}]}]},
     *    {"name": "partners", "rewards": []}],
     *  "campaigns": [
     *    {"name": "launch", "gives": {"kind": "custom", "type": "t-shirt"}, "stock": 500, "until": "2027-02-01T00:00:00Z"}]}
     * }</pre>
     *
     * <p>Names are needed, and what a reward or a campaign gives; everything else has the default that it has in the builder. A program with an empty list of rewards is
     * one without rewards, and one without such a list has the default reward. How a reward and what it gives are written stands at
     * {@link io.plg.reward.RewardRule#parse(String)} and {@link io.plg.reward.Benefit#parse(String)}, a campaign at
     * {@link RewardCampaign#parse(String)}.
     *
     * @param json the text
     * @return the catalog
     * @throws InvalidPrograms if it is not JSON, something is missing, unknown, there twice or of the wrong type, or a rule of a builder does not
     *     hold; it has every problem with its path
     */
    public static ProgramCatalog fromJson(String json) {
        return ProgramReader.read(Objects.requireNonNull(json, "json"));
    }

    /**
     * Writes the catalog as JSON.
     *
     * @return one line, from which {@link #fromJson(String)} reads an equal catalog
     */
    public String toJson() {
        return ProgramWriter.write(this);
    }

    /**
     * Returns the programs.
     *
     * @return the programs in the order in which they were added; cannot be modified
     */
    public List<ReferralProgram> programs() {
        return List.copyOf(programs.values());
    }

    /**
     * Returns the campaigns.
     *
     * @return the campaigns in the order in which they were added; cannot be modified
     */
    public List<RewardCampaign> campaigns() {
        return List.copyOf(campaigns.values());
    }

    /**
     * Returns a program.
     *
     * @param name its name
     * @return the program, or empty if there is none of this name
     */
    public Optional<ReferralProgram> program(String name) {
        return Optional.ofNullable(programs.get(Objects.requireNonNull(name, "name")));
    }

    /**
     * Returns a campaign.
     *
     * @param name its name
     * @return the campaign, or empty if there is none of this name
     */
    public Optional<RewardCampaign> campaign(String name) {
        return Optional.ofNullable(campaigns.get(Objects.requireNonNull(name, "name")));
    }

    /** Two catalogs are equal if they have equal programs and campaigns in the same order. */
    @Override
    public boolean equals(@Nullable Object other) {
        return this == other
                || other instanceof ProgramCatalog that
                        && programs().equals(that.programs())
                        && campaigns().equals(that.campaigns());
    }

    @Override
    public int hashCode() {
        return Objects.hash(programs(), campaigns());
    }

    /** Returns the catalog as JSON. */
    @Override
    public String toString() {
        return toJson();
    }

    /** Describes a catalog. */
    public static final class Builder {
        private final Map<String, ReferralProgram> programs = new LinkedHashMap<>();
        private final Map<String, RewardCampaign> campaigns = new LinkedHashMap<>();

        private Builder() {}

        /**
         * Adds a program.
         *
         * @param program the program
         * @return this builder
         * @throws IllegalArgumentException if there is a program or a campaign of this name
         */
        public Builder program(ReferralProgram program) {
            checkName(program.name());
            programs.put(program.name(), program);
            return this;
        }

        /**
         * Adds a campaign.
         *
         * @param campaign the campaign
         * @return this builder
         * @throws IllegalArgumentException if there is a program or a campaign of this name
         */
        public Builder campaign(RewardCampaign campaign) {
            checkName(campaign.name());
            campaigns.put(campaign.name(), campaign);
            return this;
        }

        private void checkName(String name) {
            if (programs.containsKey(name) || campaigns.containsKey(name)) {
                throw new IllegalArgumentException("name must be another one for each program and campaign, \"" + name
                        + "\" is a " + (programs.containsKey(name) ? "program" : "campaign") + " already");
            }
        }

        /**
         * Builds the catalog.
         *
         * @return the catalog
         */
        public ProgramCatalog build() {
            return new ProgramCatalog(this);
        }
    }
}
