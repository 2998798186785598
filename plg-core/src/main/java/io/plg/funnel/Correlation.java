package io.plg.funnel;

import java.util.List;

/**
 * Which early behaviour goes with conversion: for each event that is not part of the funnel, whether subjects who did it converted
 * more often than those who did not.
 *
 * <p>Only events between a subject's entry and its conversion, or the end of its window, count, each once per subject. Correlation
 * is no proof of cause.
 *
 * @param entered how many subjects entered the funnel
 * @param converted how many of them converted
 * @param supportFloor behaviours of fewer subjects than this are left out: the smaller of 25 and 2 % of those who entered
 * @param skewed whether converted and not converted are beyond 1:10 in either direction, so that the odds ratios say little
 * @param behaviours the behaviours, highest odds ratio first
 */
public record Correlation(
        long entered, long converted, double supportFloor, boolean skewed, List<Behaviour> behaviours) {

    /** Copies the behaviours. */
    public Correlation {
        behaviours = List.copyOf(behaviours);
    }

    /**
     * What one event says about conversion.
     *
     * @param event the event's name
     * @param converted how many subjects did it and converted (S)
     * @param notConverted how many subjects did it and did not convert (F)
     * @param oddsRatio (S+1)(Ft−F+1) / ((St−S+1)(F+1)) with St converted and Ft not converted in all; above 1, the event goes with
     *     conversion, below 1 with its absence
     * @param low the lower end of the 95 % interval of the odds ratio, exp(ln OR − 1.96 · sqrt(sum of 1 / each of the four factors))
     * @param high the upper end of the interval
     */
    public record Behaviour(
            String event, long converted, long notConverted, double oddsRatio, double low, double high) {}
}
