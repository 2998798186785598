package io.plg.idempotency.http;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Collections;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/**
 * An answer over HTTP: what a handler returns inside an {@link HttpIdempotency#operation operation}, and what is stored and replayed.
 *
 * <p>Two answers are equal if their status, headers and bytes are; the case of header names does not count. As JSON it is
 * {@code {"status":201,"headers":{"Content-Type":"application/json"},"body":"…"}} with the body in Base64, so that a replay is identical
 * byte by byte.
 *
 * @param status the status, 200 to 599
 * @param headers one value for each name, found by its name in any case; cannot be modified
 * @param body the bytes of the body, empty if there is none; copied in and out
 */
public record HttpAnswer(int status, Map<String, String> headers, byte[] body) {
    private static final String CONTENT_TYPE = "Content-Type";

    /** What belongs to the body or names what was made; all else belongs to one exchange only. */
    private static final Set<String> STORABLE =
            Set.of("content-type", "content-encoding", "content-language", "location", "etag");

    /**
     * Checks and copies.
     *
     * @throws IllegalArgumentException if the status is out of range, a header's name is no token of RFC 9110 or there twice, or a value has
     *     a control character or one that is not Latin-1
     */
    public HttpAnswer {
        if (status < 200 || status > 599) {
            throw new IllegalArgumentException("status must be 200 to 599, was " + status);
        }
        var copy = new TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
        headers.forEach((name, value) -> {
            checkHeader(name, value);
            if (copy.put(name, value) != null) {
                throw new IllegalArgumentException(
                        "a header must have one value, " + name + " was there twice; join a list with commas");
            }
        });
        headers = Collections.unmodifiableMap(copy);
        body = body.clone();
    }

    /**
     * Returns an answer without headers and body.
     *
     * @param status the status, 200 to 599
     * @return the answer
     * @throws IllegalArgumentException if the status is out of range
     */
    public static HttpAnswer of(int status) {
        return new HttpAnswer(status, Map.of(), new byte[0]);
    }

    /**
     * Returns an answer with a body.
     *
     * @param status the status, 200 to 599
     * @param contentType the type of the body
     * @param body the bytes of the body
     * @return the answer
     * @throws IllegalArgumentException if the status is out of range or the type cannot be the value of a header
     */
    public static HttpAnswer of(int status, String contentType, byte[] body) {
        return new HttpAnswer(status, Map.of(CONTENT_TYPE, contentType), body);
    }

    /**
     * Returns an answer of type {@code application/json}.
     *
     * @param status the status, 200 to 599
     * @param json the body, written in UTF-8
     * @return the answer
     * @throws IllegalArgumentException if the status is out of range
     */
    public static HttpAnswer json(int status, String json) {
        return of(status, "application/json", json.getBytes(StandardCharsets.UTF_8));
    }

    /**
     * Returns this answer with one more header, which replaces the one of that name.
     *
     * @param name the name
     * @param value the value
     * @return the answer
     * @throws IllegalArgumentException if the name is no token, or the value has a control character or one that is not Latin-1
     */
    public HttpAnswer with(String name, String value) {
        var more = new TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
        more.putAll(headers);
        more.remove(name); // so that the name is the new one, in its case
        more.put(name, value);
        return new HttpAnswer(status, more, body);
    }

    /**
     * Returns the value of a header.
     *
     * @param name the name, in any case
     * @return the value, or empty if there is no such header
     */
    public Optional<String> header(String name) {
        return Optional.ofNullable(headers.get(name));
    }

    /**
     * Returns what of this answer may be stored and replayed: the status, the body, and of the headers only {@code Content-Type},
     * {@code Content-Encoding}, {@code Content-Language}, {@code Location} and {@code ETag}. Cookies, dates, caching and whatever else belongs
     * to the one exchange is left out.
     *
     * @return the answer with these headers only
     */
    public HttpAnswer storable() {
        var kept = new TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
        kept.putAll(headers);
        kept.keySet().removeIf(name -> !STORABLE.contains(name.toLowerCase(Locale.ROOT)));
        return new HttpAnswer(status, kept, body);
    }

    /** Returns a copy of the bytes. */
    @Override
    public byte[] body() {
        return body.clone();
    }

    private static void checkHeader(String name, String value) {
        Objects.requireNonNull(name, "the name of a header must not be null");
        Objects.requireNonNull(value, () -> "the value of the header " + name + " must not be null");
        if (name.isEmpty() || !name.chars().allMatch(HttpAnswer::isOfToken)) {
            throw new IllegalArgumentException("the name of a header must be a token, was \"" + name + '"');
        }
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if ((c < ' ' && c != '\t') || c == 0x7f || c > 0xff) {
                throw new IllegalArgumentException("the value of the header " + name + " must be printable, has "
                        + String.format("U+%04X", (int) c) + " at index " + i);
            }
        }
    }

    private static boolean isOfToken(int c) {
        return (c >= 'a' && c <= 'z')
                || (c >= 'A' && c <= 'Z')
                || (c >= '0' && c <= '9')
                || "!#$%&'*+-.^_`|~".indexOf(c) >= 0;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof HttpAnswer answer
                && status == answer.status
                && headers.equals(answer.headers)
                && Arrays.equals(body, answer.body);
    }

    @Override
    public int hashCode() {
        int names = 0;
        for (var each : headers.entrySet()) {
            names += each.getKey().toLowerCase(Locale.ROOT).hashCode()
                    ^ each.getValue().hashCode();
        }
        return 31 * (31 * status + names) + Arrays.hashCode(body);
    }

    /** Returns the status, the names of the headers and the length of the body, so that no log has what is in them. */
    @Override
    public String toString() {
        return status + " with " + headers.keySet() + " and " + body.length + " bytes";
    }
}
