package io.plg.internal;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.gate.Grant;
import io.plg.plan.Feature;
import io.plg.plan.PlanVersion;
import io.plg.referral.ProgramCatalog;
import io.plg.referral.ReferralProgram;
import io.plg.reward.Benefit;
import io.plg.reward.Reward;
import io.plg.reward.RewardCampaign;
import io.plg.reward.RewardProvider;
import io.plg.reward.RewardRule;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/** What rewards give: written into the entitlements of a workspace, left to the host, or nothing but an entry of the ledger. */
final class Benefits {
    private Benefits() {}

    /**
     * Checks programs and campaigns against the product.
     *
     * @throws IllegalArgumentException if one gives what the product does not have, or names a funnel that it does not have
     */
    static void check(PlgRuntime plg, ProgramCatalog catalog) {
        for (ReferralProgram program : catalog.programs()) {
            if (program.funnel().isPresent()
                    && plg.funnels().stream()
                            .noneMatch(funnel ->
                                    funnel.name().equals(program.funnel().get()))) {
                throw new IllegalArgumentException("program \"" + program.name() + "\" names the funnel \""
                        + program.funnel().get() + "\", which this Plg does not have; add it with funnel(…)");
            }
            for (RewardRule rule : program.rewards()) {
                for (Benefit benefit : all(rule)) {
                    check(plg, "program \"" + program.name() + "\", reward \"" + rule.name() + "\"", benefit);
                }
            }
        }
        for (RewardCampaign campaign : catalog.campaigns()) {
            check(plg, "campaign \"" + campaign.name() + "\"", campaign.benefit());
        }
    }

    private static List<Benefit> all(RewardRule rule) {
        var all = new ArrayList<Benefit>();
        rule.referrer().ifPresent(all::add);
        rule.referred().ifPresent(all::add);
        rule.tiers().forEach(tier -> all.add(tier.benefit()));
        rule.milestones().forEach(milestone -> all.add(milestone.benefit()));
        return all;
    }

    private static void check(PlgRuntime plg, String where, Benefit benefit) {
        problem(plg, benefit).ifPresent(problem -> {
            throw new IllegalArgumentException(where + ": " + problem);
        });
    }

    /** Why a benefit cannot be given at present. */
    static Optional<String> problem(PlgRuntime plg, Benefit benefit) {
        if (benefit instanceof Benefit.Custom custom) {
            return plg.rewardSettings().providers().containsKey(custom.type()) || handledOutside(plg, benefit)
                    ? Optional.empty()
                    : Optional.of("nobody gives rewards of type \"" + custom.type()
                            + "\"; say rewardProvider(…) where Plg is built");
        }
        if (benefit instanceof Benefit.AccountCredit || benefit instanceof Benefit.Discount) {
            return Optional.empty();
        }
        if (!plg.hasPlans()) {
            return Optional.of("it gives " + benefit.unit()
                    + ", and this Plg has no plans; say plans(…) where it is built, or give something else");
        }
        if (benefit instanceof Benefit.TrialDays trial) {
            return trial.plan()
                    .filter(plan ->
                            plg.catalog().plan(PlanVersion.latestOf(plan)).isEmpty())
                    .map(plan -> "there is no plan \"" + plan + "\" to try");
        }
        if (benefit instanceof Benefit.Credit credit) {
            Optional<Feature.Metered> feature = metered(plg, credit.feature());
            return feature.isEmpty()
                    ? Optional.of("there is no quota or cap \"" + credit.feature() + "\" to give credit for")
                    : credit.amount().stripTrailingZeros().scale()
                                    > feature.get().decimals()
                            ? Optional.of("amounts of \"" + credit.feature() + "\" have at most "
                                    + feature.get().decimals() + " decimals, was " + credit.amount())
                            : Optional.empty();
        }
        Benefit.Unlock unlock = (Benefit.Unlock) benefit;
        return flag(plg, unlock.feature()).isEmpty()
                ? Optional.of("there is no flag \"" + unlock.feature() + "\" to unlock")
                : Optional.empty();
    }

    private static Optional<Feature.Metered> metered(PlgRuntime plg, String name) {
        return plg.catalog().features().stream()
                .filter(feature -> feature.name().equals(name))
                .filter(Feature.Metered.class::isInstance)
                .map(Feature.Metered.class::cast)
                .findFirst();
    }

    private static Optional<Feature.Flag> flag(PlgRuntime plg, String name) {
        return plg.catalog().features().stream()
                .filter(feature -> feature.name().equals(name))
                .filter(Feature.Flag.class::isInstance)
                .map(Feature.Flag.class::cast)
                .findFirst();
    }

    static boolean handledOutside(PlgRuntime plg, Benefit benefit) {
        return plg.rewardSettings().fulfilment() != null
                && Objects.requireNonNull(plg.rewardSettings().fulfilment()).handles(benefit);
    }

    /** Gives a benefit that has no {@link #problem}, in the transaction of {@code tx}. */
    static void provide(PlgRuntime tx, WorkspaceId workspace, UserId user, Reward reward, UUID provision) {
        Benefit benefit = reward.benefit();
        var entitlements = new EntitlementsView(tx, workspace);
        if (benefit instanceof Benefit.TrialDays trial) {
            entitlements.addTrialDays(provision, trial.plan(), trial.days());
        } else if (benefit instanceof Benefit.Credit credit) {
            Grant grant = Grant.of(metered(tx, credit.feature()).orElseThrow(), credit.amount())
                    .note("reward " + reward.id());
            entitlements.grant(
                    provision,
                    credit.validFor()
                            .map(length -> grant.until(tx.now().plus(length)))
                            .orElse(grant));
        } else if (benefit instanceof Benefit.Unlock unlock) {
            entitlements.unlock(provision, flag(tx, unlock.feature()).orElseThrow(), unlock.length());
        } else if (benefit instanceof Benefit.Custom custom) {
            RewardProvider provider = tx.rewardSettings().providers().get(custom.type());
            if (provider != null) {
                provider.provide(given(tx, workspace, user, reward, custom));
            }
        }
    }

    /** Ends what was given. */
    static void takeBack(PlgRuntime tx, WorkspaceId workspace, Reward reward, UUID provision) {
        Benefit benefit = reward.benefit();
        if (benefit instanceof Benefit.TrialDays trial) {
            new EntitlementsView(tx, workspace).takeTrialDays(provision, trial.days());
        } else if (benefit instanceof Benefit.Credit || benefit instanceof Benefit.Unlock) {
            new EntitlementsView(tx, workspace).end(provision);
        } else if (benefit instanceof Benefit.Custom custom && reward.user().isPresent()) {
            RewardProvider provider = tx.rewardSettings().providers().get(custom.type());
            if (provider != null) {
                provider.takeBack(given(tx, workspace, reward.user().get(), reward, custom));
            }
        }
    }

    private static RewardProvider.Given given(
            PlgRuntime tx, WorkspaceId workspace, UserId user, Reward reward, Benefit.Custom custom) {
        return new RewardProvider.Given(workspace, user, reward, custom, new RewardProvider.Transaction() {
            @Override
            public <H> H unwrap(Class<H> type) {
                return tx.stores()
                        .unwrap(workspace, Objects.requireNonNull(type, "type"))
                        .orElseThrow(() -> new IllegalArgumentException("this store has no " + type.getName()));
            }
        });
    }

    /** Which part of a benefit goes back when a part of what earned it does: of money that part, of everything else nothing until all of it goes. */
    static BigDecimal part(Benefit benefit, BigDecimal refunded) {
        if (refunded.compareTo(BigDecimal.ONE) >= 0) {
            return benefit.amount();
        }
        return benefit.money().isPresent()
                ? benefit.amount().multiply(refunded).setScale(0, java.math.RoundingMode.HALF_UP)
                : BigDecimal.ZERO;
    }
}
