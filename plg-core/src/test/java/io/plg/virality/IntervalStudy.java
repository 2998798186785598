package io.plg.virality;

import java.util.Locale;
import java.util.SplittableRandom;

/** Prints the table of docs/adr/0017: how often the intervals of several methods cover the truth. Run by hand. */
final class IntervalStudy {
    private static final double Z = 1.959963984540054;
    private static final double[] KS = {0.1, 0.3, 0.5, 0.8, 1, 1.5};
    private static final int[] SIZES = {30, 60, 120, 300, 1_000, 5_000};

    private IntervalStudy() {}

    /** Sums over one simulated cohort; none of the methods is asked if nobody was brought. */
    private record Sums(double n, double sum, double squares, double cubes) {
        double mean() {
            return sum / n;
        }

        double variance() {
            return Math.max((squares - sum * mean()) / (n - 1), 1 / n);
        }

        double error() {
            return Math.sqrt(variance() / n);
        }

        double skewness() {
            double third = cubes / n - 3 * mean() * squares / n + 2 * Math.pow(mean(), 3);
            return Math.max(1e-9, third / Math.pow(variance(), 1.5));
        }
    }

    private enum Method {
        NORMAL {
            @Override
            MeanInterval interval(Sums x) {
                return new MeanInterval(x.mean() - Z * x.error(), x.mean() + Z * x.error());
            }
        },
        STUDENT_T {
            @Override
            MeanInterval interval(Sums x) {
                double q = MeanInterval.studentQuantile(x.n() - 1);
                return new MeanInterval(x.mean() - q * x.error(), x.mean() + q * x.error());
            }
        },
        SKEWNESS_IN_T {
            @Override
            MeanInterval interval(Sums x) {
                double q = MeanInterval.studentQuantile(x.n() - 1);
                double shift = x.skewness() / Math.sqrt(x.n()) * (1 + 2 * q * q) / 6;
                return new MeanInterval(x.mean() + (shift - q) * x.error(), x.mean() + (shift + q) * x.error());
            }
        },
        HALL {
            @Override
            MeanInterval interval(Sums x) {
                double q = MeanInterval.studentQuantile(x.n() - 1);
                return new MeanInterval(x.mean() - x.error() * cubic(x, q), x.mean() - x.error() * cubic(x, -q));
            }

            private double cubic(Sums x, double y) {
                double g = x.skewness() / Math.sqrt(x.n());
                return 3 / g * (Math.cbrt(1 + g * (y - g / 6)) - 1);
            }
        },
        LOGARITHM {
            @Override
            MeanInterval interval(Sums x) {
                double factor = Math.exp(Z * x.error() / x.mean());
                return new MeanInterval(x.mean() / factor, x.mean() * factor);
            }
        },
        SCORE {
            @Override
            MeanInterval interval(Sums x) {
                double half = Z * Z * x.variance() / x.mean() / x.n() / 2;
                double high = x.mean() + half + Math.sqrt(half * (2 * x.mean() + half));
                return new MeanInterval(x.mean() * x.mean() / high, high);
            }
        },
        CHOSEN {
            @Override
            MeanInterval interval(Sums x) {
                return MeanInterval.of(x.n(), x.sum(), x.squares());
            }
        };

        abstract MeanInterval interval(Sums x);
    }

    /** Prints the table in Markdown. */
    public static void main(String[] args) {
        Method[] methods = Method.values();
        Offspring[] kinds = Offspring.values();
        var mean = new double[methods.length][kinds.length];
        var worst = new double[methods.length][kinds.length];
        for (Offspring kind : kinds) {
            for (Method method : methods) {
                worst[method.ordinal()][kind.ordinal()] = 1;
            }
            for (double k : KS) {
                for (int size : SIZES) {
                    double[] cell = cell(kind, k, size, size == 5_000 ? 400 : 2_000);
                    for (int m = 0; m < methods.length; m++) {
                        mean[m][kind.ordinal()] += cell[m] / KS.length / SIZES.length;
                        worst[m][kind.ordinal()] = Math.min(worst[m][kind.ordinal()], cell[m]);
                    }
                }
            }
        }
        for (int m = 0; m < methods.length; m++) {
            var line = new StringBuilder("| " + methods[m]);
            for (int kind = 0; kind < kinds.length; kind++) {
                line.append(String.format(Locale.ROOT, " | %.1f (%.0f)", 100 * mean[m][kind], 100 * worst[m][kind]));
            }
            System.out.println(line.append(" |"));
        }
    }

    private static double[] cell(Offspring kind, double k, int size, int times) {
        var random = new SplittableRandom(17);
        var covered = new double[Method.values().length];
        for (int i = 0; i < times; i++) {
            double sum = 0;
            double squares = 0;
            double cubes = 0;
            for (long x : kind.draw(random, k, size)) {
                sum += x;
                squares += (double) x * x;
                cubes += (double) x * x * x;
            }
            var sums = new Sums(size, sum, squares, cubes);
            for (Method method : Method.values()) {
                MeanInterval interval = sum == 0 ? MeanInterval.of(size, 0, 0) : method.interval(sums);
                covered[method.ordinal()] += interval.low() <= k && k <= interval.high() ? 1.0 / times : 0;
            }
        }
        return covered;
    }
}
