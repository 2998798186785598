/**
 * Small statistics that several features share: numbers that never travel without their sample size.
 *
 * <p>Reading order: {@link io.plg.stats.Rate} (a share with its 95 % interval), {@link io.plg.stats.DurationSummary} (mean and
 * percentiles of elapsed times) and {@link io.plg.stats.Histogram} (the same times in bins of equal width).
 */
@NullMarked
package io.plg.stats;

import org.jspecify.annotations.NullMarked;
