package io.plg.prompt;

import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.internal.Text;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Collections;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;

/**
 * Puts each user of each workspace into one of several variants, each time and everywhere the same.
 *
 * <p>Every variant draws for the user, and the one with the least number wins: −ln(u) / weight, where u = (h + ½) / 2⁵³ and h is the first 53 bits
 * of the SHA-256 of experiment, workspace, user and variant, each as the number of its UTF-8 bytes in four bytes, the most significant first, and
 * these bytes. The chances are as the weights are. Whoever changes one weight moves users to that variant or away from it, no more than needed, and
 * nobody between the others: no draw depends on another variant.
 */
record Experiment(String name, Map<String, Integer> weights) {
    private static final int MAX_WEIGHT = 1_000_000;

    Experiment {
        Text.checkName("experiment name", name);
        Objects.requireNonNull(weights, "weights");
        var sorted = new TreeMap<String, Integer>();
        weights.forEach((variant, weight) -> {
            Text.checkName("variant name", variant);
            if (weight < 0 || weight > MAX_WEIGHT) {
                throw new IllegalArgumentException(
                        "weight of \"" + variant + "\" must be 0 to " + MAX_WEIGHT + ", was " + weight);
            }
            sorted.put(variant, weight);
        });
        if (sorted.values().stream().allMatch(weight -> weight == 0)) {
            throw new IllegalArgumentException(
                    "experiment \"" + name + "\" must have a variant with a weight above 0, had " + sorted);
        }
        weights = Collections.unmodifiableMap(sorted);
    }

    Variant variantOf(WorkspaceId workspace, UserId user) {
        String winner = "";
        double least = Double.POSITIVE_INFINITY;
        for (var each : weights.entrySet()) {
            // StrictMath: the same to the last bit on every machine. A weight of 0 draws infinity.
            double drawn = -StrictMath.log(fraction(workspace, user, each.getKey())) / each.getValue();
            if (drawn < least) {
                least = drawn;
                winner = each.getKey();
            }
        }
        return new Variant(name, winner);
    }

    private double fraction(WorkspaceId workspace, UserId user, String variant) {
        MessageDigest digest = sha256();
        for (String each : new String[] {name, workspace.value(), user.value(), variant}) {
            byte[] bytes = each.getBytes(StandardCharsets.UTF_8);
            digest.update(
                    ByteBuffer.allocate(Integer.BYTES).putInt(bytes.length).array());
            digest.update(bytes);
        }
        return ((ByteBuffer.wrap(digest.digest()).getLong() >>> 11) + 0.5) * 0x1p-53;
    }

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
