package io.plg.virality;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalDouble;

/**
 * What becomes of a number of users if each of them brings K others, once, in the next cycle: seeds · (1 + K + K² + …).
 *
 * <p>It is a model. Nobody leaves, no market is ever full, every cycle takes the same time. Project the ends of the interval of a
 * {@link KFactor} too, not its value alone.
 *
 * <p>Figures are exact to about 12 digits, near K = 1 also. What exceeds the range of a {@code double} is an error and never infinity.
 *
 * @param seeds users at the start, in cycle 0; more than 0
 * @param k how many users each user brings; 0 or more
 */
public record GrowthModel(double seeds, double k) {
    private static final int MOST_STEPS = 100_000;

    /**
     * Checks both figures.
     *
     * @throws IllegalArgumentException if {@code seeds} is not positive, {@code k} is negative, or one of them is not finite
     */
    public GrowthModel {
        Checks.finiteNotNegative("seeds", seeds);
        if (seeds == 0) {
            throw new IllegalArgumentException("seeds must be positive, was 0; nobody brings nobody");
        }
        Checks.finiteNotNegative("k", k);
    }

    /**
     * One cycle of a projection.
     *
     * @param cycle its number; 0 are the seeds
     * @param newUsers users who came in this cycle
     * @param users all users at its end
     */
    public record Step(int cycle, double newUsers, double users) {}

    /**
     * Returns the users who come in one cycle: seeds · K^cycle.
     *
     * @param cycle the number of the cycle, 0 or more; 0 are the seeds
     * @return how many come in it
     * @throws IllegalArgumentException if the number is negative
     * @throws ArithmeticException if the result exceeds a {@code double}
     */
    public double newUsers(long cycle) {
        checkCycles("cycle", cycle);
        return finite(seeds * Math.pow(k, cycle), cycle);
    }

    /**
     * Returns all users after a number of whole cycles: seeds · (K^(cycles+1) − 1) / (K − 1), and seeds · (cycles + 1) if K is 1.
     *
     * @param cycles how many cycles have passed, 0 or more
     * @return all users, the seeds included
     * @throws IllegalArgumentException if the number is negative
     * @throws ArithmeticException if the result exceeds a {@code double}
     */
    public double users(long cycles) {
        checkCycles("cycles", cycles);
        return project(cycles);
    }

    /**
     * Returns all users at a time, by the same formula with cycles = elapsed ÷ cycle, whole or not. So it grows between the ends of two
     * cycles also, and is seeds at the start.
     *
     * @param elapsed the time since the start, zero or more
     * @param cycle how long a cycle takes, such as {@link ViralCycle#p50()}
     * @return all users, the seeds included
     * @throws IllegalArgumentException if {@code elapsed} is negative or {@code cycle} is not positive
     * @throws ArithmeticException if the result exceeds a {@code double}
     */
    public double users(Duration elapsed, Duration cycle) {
        if (elapsed.isNegative()) {
            throw new IllegalArgumentException("elapsed must not be negative, was " + elapsed);
        }
        if (cycle.isZero() || cycle.isNegative()) {
            throw new IllegalArgumentException("cycle must be positive, was " + cycle);
        }
        return project(seconds(elapsed) / seconds(cycle));
    }

    private static double seconds(Duration duration) {
        return duration.getSeconds() + duration.getNano() / 1e9;
    }

    /**
     * Returns a table of the cycles 0 to the given one.
     *
     * @param cycles the number of the last cycle, 0 to 100,000
     * @return one step per cycle
     * @throws IllegalArgumentException if the number is out of that range
     * @throws ArithmeticException if a figure exceeds a {@code double}
     */
    public List<Step> steps(int cycles) {
        if (cycles < 0 || cycles > MOST_STEPS) {
            throw new IllegalArgumentException("cycles must be 0 to " + MOST_STEPS + ", was " + cycles);
        }
        List<Step> steps = new ArrayList<>(cycles + 1);
        for (int cycle = 0; cycle <= cycles; cycle++) {
            steps.add(new Step(cycle, newUsers(cycle), users(cycle)));
        }
        return List.copyOf(steps);
    }

    /**
     * Returns the number of users that is approached and never exceeded, if there is one: seeds / (1 − K) for K below 1.
     *
     * @return the ceiling, or empty if K is 1 or more
     * @throws ArithmeticException if the result exceeds a {@code double}
     */
    public OptionalDouble ceiling() {
        if (k >= 1) {
            return OptionalDouble.empty();
        }
        double ceiling = seeds / (1 - k);
        if (ceiling == Double.POSITIVE_INFINITY) {
            throw new ArithmeticException("the ceiling of seeds = " + seeds + " with k = " + k + " exceeds a double");
        }
        return OptionalDouble.of(ceiling);
    }

    private double project(double cycles) {
        return finite(seeds * sum(cycles), cycles);
    }

    /** (K^(cycles+1) − 1) / (K − 1): how many users one seed becomes. */
    private double sum(double cycles) {
        double terms = cycles + 1;
        double d = k - 1; // exact from 0.5 to 2
        if (d == 0) {
            return terms;
        }
        double exponent = terms * Math.log1p(d);
        if (Math.abs(exponent) < 0.5) { // the power is near 1, its difference to 1 would lose digits
            return Math.expm1(exponent) / d;
        }
        // Above 1 in a form that does not overflow before the result does, as the power of cycles + 1 may
        return k < 1 ? (1 - Math.pow(k, terms)) / -d : Math.pow(k, cycles) * (1 + (1 - Math.pow(k, -cycles)) / d);
    }

    private static void checkCycles(String field, long cycles) {
        if (cycles < 0) {
            throw new IllegalArgumentException(field + " must not be negative, was " + cycles);
        }
    }

    private double finite(double users, double cycles) {
        if (users > Double.MAX_VALUE) {
            throw new ArithmeticException("users after " + cycles + " cycles exceed a double with k = " + k
                    + " and seeds = " + seeds + "; project fewer cycles");
        }
        return users;
    }
}
