package io.plg.prompt;

import io.plg.stats.Rate;
import java.util.Objects;
import java.util.Optional;

/**
 * What became of the prompts for one feature that offered one plan in one variant.
 *
 * <p>It counts prompts and not people: who was shown three is in it three times, and the intervals of the rates take these for three trials.
 *
 * @param feature the name of the feature
 * @param plan the name of the plan that was offered; empty for prompts that offered none
 * @param variant the variant; empty for prompts without an experiment
 * @param shown how many were shown
 * @param clicked how many of them were followed
 * @param dismissed how many of them were closed
 * @param upgraded how many of them led to an upgrade
 */
public record PromptConversion(
        String feature,
        Optional<String> plan,
        Optional<Variant> variant,
        long shown,
        long clicked,
        long dismissed,
        long upgraded) {

    /**
     * Checks the counts.
     *
     * @throws IllegalArgumentException if one is negative or exceeds {@code shown}
     */
    public PromptConversion {
        Objects.requireNonNull(feature, "feature");
        Objects.requireNonNull(plan, "plan");
        Objects.requireNonNull(variant, "variant");
        check("clicked", clicked, shown);
        check("dismissed", dismissed, shown);
        check("upgraded", upgraded, shown);
    }

    /**
     * Returns the share of the prompts that were followed.
     *
     * @return the rate with its interval
     */
    public Rate clickRate() {
        return new Rate(clicked, shown);
    }

    /**
     * Returns the share of the prompts that led to an upgrade.
     *
     * @return the rate with its interval
     */
    public Rate upgradeRate() {
        return new Rate(upgraded, shown);
    }

    private static void check(String what, long count, long shown) {
        if (count < 0 || count > shown) {
            throw new IllegalArgumentException(what + " must be from 0 to shown = " + shown + ", was " + count);
        }
    }
}
