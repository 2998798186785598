package io.plg.virality;

import java.util.SplittableRandom;

/** Products that differ in who brings how many users, each with a mean that can be chosen. */
enum Offspring {
    POISSON {
        @Override
        long draw(SplittableRandom random, double k) {
            return poisson(random, k);
        }
    },
    GEOMETRIC {
        @Override
        long draw(SplittableRandom random, double k) {
            return poisson(random, k * gamma(random, 1));
        }
    },
    /** Five invitations each. */
    BINOMIAL {
        @Override
        long draw(SplittableRandom random, double k) {
            return binomial(random, 5, k / 5);
        }
    },
    /** Nine of ten send nothing, the others bring about as many as one another. */
    ZERO_INFLATED {
        @Override
        long draw(SplittableRandom random, double k) {
            return random.nextDouble() < 0.1 ? poisson(random, 10 * k) : 0;
        }
    },
    /** Nine of ten send nothing, the others from one invitation to a hundred; each invitation converts or not. */
    FEW_SENDERS {
        @Override
        long draw(SplittableRandom random, double k) {
            if (random.nextDouble() >= 0.1) {
                return 0;
            }
            long invitations = 1 + poisson(random, 19 * gamma(random, 1));
            return binomial(random, invitations, k / 2);
        }
    },
    /** Negative binomial of size 0.5. */
    UNEVEN {
        @Override
        long draw(SplittableRandom random, double k) {
            return poisson(random, k / 0.5 * gamma(random, 0.5));
        }
    },
    /** Negative binomial of size 0.1: with a mean of 1 its variance is 11. */
    VERY_UNEVEN {
        @Override
        long draw(SplittableRandom random, double k) {
            return poisson(random, k / 0.1 * gamma(random, 0.1));
        }
    };

    abstract long draw(SplittableRandom random, double k);

    long[] draw(SplittableRandom random, double k, int members) {
        var drawn = new long[members];
        for (int i = 0; i < members; i++) {
            drawn[i] = draw(random, k);
        }
        return drawn;
    }

    private static long poisson(SplittableRandom random, double mean) {
        long count = 0;
        double time = -Math.log(1 - random.nextDouble());
        while (time < mean) {
            count++;
            time -= Math.log(1 - random.nextDouble());
        }
        return count;
    }

    private static long binomial(SplittableRandom random, long n, double p) {
        long successes = 0;
        for (long i = 0; i < n; i++) {
            successes += random.nextDouble() < p ? 1 : 0;
        }
        return successes;
    }

    /** Of scale 1, by Marsaglia and Tsang; a shape below 1 from the next larger one. */
    private static double gamma(SplittableRandom random, double shape) {
        if (shape < 1) {
            return gamma(random, shape + 1) * Math.pow(1 - random.nextDouble(), 1 / shape);
        }
        double d = shape - 1.0 / 3;
        while (true) {
            double x = random.nextGaussian();
            double v = Math.pow(1 + x / Math.sqrt(9 * d), 3);
            if (v > 0 && Math.log(1 - random.nextDouble()) < x * x / 2 + d - d * v + d * Math.log(v)) {
                return d * v;
            }
        }
    }
}
