package io.plg.idempotency;

import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Objects;

/**
 * What tells whether two requests with one key ask for the same: the SHA-256 of the request in a canonical form. The form is part of plg's
 * contract and never changes; golden files hold it.
 *
 * <p>{@link #of} takes values. Equal records, maps, lists and sets have equal fingerprints, whatever the order of the members of a map or set,
 * on every JVM and in every version. Numbers count by their value: {@code 1}, {@code 1L}, {@code 1.0} and {@code 1.00} are one. A record's
 * component that is {@code null} or an empty {@code Optional} counts as absent, so that adding one does not change the fingerprints of
 * requests without it; in maps and JSON {@code null} counts.
 *
 * @param hex the hash as 64 lower-case hexadecimal digits
 */
public record Fingerprint(String hex) {

    /**
     * Checks the form.
     *
     * @throws IllegalArgumentException if {@code hex} is not 64 lower-case hexadecimal digits
     */
    public Fingerprint {
        Objects.requireNonNull(hex, "hex");
        if (hex.length() != 64 || !hex.chars().allMatch(c -> (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) {
            throw new IllegalArgumentException("fingerprint must be 64 lower-case hexadecimal digits, was " + hex);
        }
    }

    /**
     * Returns the fingerprint of a request that is given as a value: a record, map, list, set, array, text, number, boolean, enum,
     * {@code java.time} value, {@code UUID}, {@code URI}, {@code byte[]}, {@code Optional}, another fingerprint, or these inside each other.
     *
     * <pre>{@code Fingerprint.of(List.of("POST", path, Fingerprint.ofJson(body)))}</pre>
     *
     * @param request the request; anything in it that decides about the effect
     * @return its fingerprint
     * @throws IllegalArgumentException if there is something in it whose text may change from one JVM to the next, such as an object that is no
     *     record, a number that is not finite, a map whose keys are no text, or more than 100 levels
     */
    public static Fingerprint of(Object request) {
        return hash("value", CanonicalForm.of(request).getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Returns the fingerprint of a request that is given as JSON, whatever its white space and the order of its members.
     *
     * @param json one JSON value
     * @return its fingerprint; the one of the same maps, lists, texts and numbers given to {@link #of}
     * @throws IllegalArgumentException if it is not JSON, has a member twice, or more than 100 levels
     */
    public static Fingerprint ofJson(String json) {
        return hash("value", CanonicalForm.ofJson(json).getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Returns the fingerprint of a request that is given as bytes: white space counts.
     *
     * @param request the bytes
     * @return their fingerprint
     */
    public static Fingerprint ofBytes(byte[] request) {
        return hash("bytes", request);
    }

    private static Fingerprint hash(String form, byte[] bytes) {
        byte[] head = ("plg.idempotency.fingerprint.1." + form + '\0').getBytes(StandardCharsets.UTF_8);
        var all = new byte[head.length + bytes.length];
        System.arraycopy(head, 0, all, 0, head.length);
        System.arraycopy(bytes, 0, all, head.length, bytes.length);
        return new Fingerprint(HexFormat.of().formatHex(Sha256.of(all)));
    }

    /** Returns the hash as hexadecimal digits. */
    @Override
    public String toString() {
        return hex;
    }
}
