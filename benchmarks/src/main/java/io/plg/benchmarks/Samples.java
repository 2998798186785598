package io.plg.benchmarks;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleFunction;

/** Measurements of peers that took turns, round by round. */
final class Samples {

    private final Map<String, List<Double>> values = new LinkedHashMap<>();

    void add(String peer, double value) {
        values.computeIfAbsent(peer, p -> new ArrayList<>()).add(value);
    }

    /** The peers in the order in which they were first measured. */
    List<String> peers() {
        return List.copyOf(values.keySet());
    }

    /** What was measured of a peer. */
    Spread of(String peer) {
        return Spread.of(values.getOrDefault(peer, List.of()));
    }

    /** Measured peer ÷ measured base, round by round. */
    Spread ratio(String peer, String base) {
        List<Double> a = values.getOrDefault(peer, List.of());
        List<Double> b = values.getOrDefault(base, List.of());
        List<Double> ratios = new ArrayList<>();
        for (int i = 0; i < Math.min(a.size(), b.size()); i++) {
            ratios.add(a.get(i) / b.get(i));
        }
        return Spread.of(ratios);
    }

    /**
     * A median with its range.
     *
     * @param median the middle value, NaN if there is none
     * @param min the least value
     * @param max the greatest value
     */
    record Spread(double median, double min, double max) {

        static Spread of(List<Double> values) {
            if (values.isEmpty()) {
                return new Spread(Double.NaN, Double.NaN, Double.NaN);
            }
            List<Double> sorted = values.stream().sorted().toList();
            int n = sorted.size();
            return new Spread((sorted.get((n - 1) / 2) + sorted.get(n / 2)) / 2, sorted.get(0), sorted.get(n - 1));
        }

        /** The median, and the range in brackets. */
        String text(DoubleFunction<String> format) {
            return Double.isNaN(median)
                    ? "–"
                    : format.apply(median) + " (" + format.apply(min) + "–" + format.apply(max) + ")";
        }

        String text(int decimals) {
            return text(value -> number(value, decimals));
        }

        String percent() {
            return text(value -> number(100 * value, 0)) + " %";
        }
    }

    static String number(double value, int decimals) {
        return String.format(Locale.ROOT, "%,." + decimals + "f", value).replace(',', ' ');
    }
}
