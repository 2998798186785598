package io.plg.virality;

/**
 * The 95 % interval of the mean of whole numbers that are mostly 0 and sometimes large. Why it is made this way, and how often it
 * covers the truth, is in docs/adr/0017.
 *
 * @param low its lower end, not negative
 * @param high its upper end
 */
record MeanInterval(double low, double high) {
    private static final double Z = 1.959963984540054;

    /** A Poisson variable with this mean is 0 with a probability of 2.5 %. */
    private static final double NONE_SEEN = -Math.log(0.025);

    /** Returns the interval for n numbers with the given sum and sum of squares. */
    static MeanInterval of(double n, double sum, double squares) {
        if (sum == 0) {
            return new MeanInterval(0, NONE_SEEN / n);
        }
        double mean = sum / n;
        // At least as if one number differed by one from all others, or equal numbers would leave no doubt. One number
        // alone says nothing about the spread: the variance of a Poisson variable then.
        double variance = n == 1 ? mean : Math.max((squares - sum * mean) / (n - 1), 1 / n);
        // As many equal contributors would have this sum and this sum of squares: the spread is known from so many.
        double contributors = sum * sum / squares;
        double quantile = studentQuantile(Math.min(n - 1, contributors + 1));
        // The score interval: (mean - K)^2 = q^2 * variance(K) / n, with a variance that grows in proportion to K.
        double half = quantile * quantile * variance / mean / n / 2;
        double high = mean + half + Math.sqrt(half * (2 * mean + half));
        return new MeanInterval(mean * (mean / high), high);
    }

    /** The 97.5 % quantile of Student's t: Fisher and Cornish's series in 1 / df, within 0.8 % from df = 2. */
    static double studentQuantile(double df) {
        if (df < 2) {
            return 12.706204736432095; // of df = 1, as only two members have it, or one
        }
        double z2 = Z * Z;
        double g1 = (z2 + 1) / 4;
        double g2 = ((5 * z2 + 16) * z2 + 3) / 96;
        double g3 = (((3 * z2 + 19) * z2 + 17) * z2 - 15) / 384;
        double g4 = ((((79 * z2 + 776) * z2 + 1482) * z2 - 1920) * z2 - 945) / 92_160;
        return Z * (1 + (g1 + (g2 + (g3 + g4 / df) / df) / df) / df);
    }
}
