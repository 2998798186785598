package io.plg.idempotency.http;

import io.plg.OutcomeUnknown;
import io.plg.PlgException;
import io.plg.TransactionConflict;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.FingerprintMismatch;
import io.plg.idempotency.IdempotencyInFlight;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.LeaseLost;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Outcome;
import io.plg.idempotency.ResultNotKept;
import io.plg.idempotency.WaitInterrupted;
import io.plg.internal.Json;
import java.net.URI;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Idempotency over HTTP, as draft-07 of the IETF's {@code Idempotency-Key} header has it: which header is a key, and which answer an outcome is.
 * The draft expired on 2026-04-18 and is no standard; what it leaves to a service is decided and written down here.
 *
 * <pre>{@code
 * static final Operation<HttpAnswer> REDEEM = HttpIdempotency.financial("redeem-reward");
 *
 * HttpAnswer handle(Request request, UserId user) {
 *     try {
 *         IdempotencyKey key = http.keyOf("POST", request.headers("Idempotency-Key"), true).orElseThrow();
 *         return http.answer(acme.idempotency().execute(
 *                 REDEEM, by(user), key, HttpIdempotency.canonical("POST", request.path(), request.body()), tx -> redeem(tx, request)));
 *     } catch (PlgException e) {
 *         return http.answer(e).orElseThrow(() -> e);
 *     }
 * }
 * }</pre>
 *
 * <p>Who asks is settled before, and a request that is not well-formed is refused before: neither uses up a key. The answers:
 *
 * <table>
 * <caption>Answers</caption>
 * <tr><th>what came of it</th><th>status</th><th>problem type, or headers</th></tr>
 * <tr><td>executed</td><td>the handler's</td><td>the handler's answer as it is</td></tr>
 * <tr><td>replayed</td><td>the stored one</td><td>{@code Idempotent-Replayed: true}, {@code Cache-Control: no-store}</td></tr>
 * <tr><td>replayed, result not kept</td><td>200</td>
 *     <td>the same, with the body {@code {"effectId":"…","resultKept":false}}</td></tr>
 * <tr><td>no key</td><td>400</td><td>{@code idempotency-key-missing}</td></tr>
 * <tr><td>a key that is none</td><td>400</td><td>{@code idempotency-key-invalid}</td></tr>
 * <tr><td>in flight</td><td>409</td><td>{@code idempotency-in-flight}, {@code Retry-After}</td></tr>
 * <tr><td>mismatch</td><td>422</td><td>{@code idempotency-mismatch}</td></tr>
 * <tr><td>{@code OutcomeUnknown}</td><td>503</td><td>{@code outcome-unknown}, {@code Retry-After}</td></tr>
 * <tr><td>{@code TransactionConflict}, {@code LeaseLost}</td><td>503</td><td>{@code transaction-conflict}, {@code Retry-After}</td></tr>
 * <tr><td>{@code WaitInterrupted}</td><td>503</td><td>{@code wait-interrupted}, {@code Retry-After}</td></tr>
 * </table>
 *
 * <p>Immutable; safe to use from many threads.
 */
public final class HttpIdempotency {
    /** The header with the client's key. */
    public static final String KEY_HEADER = "Idempotency-Key";

    /** The header that tells a replay, with the value {@code true}. */
    public static final String REPLAYED_HEADER = "Idempotent-Replayed";

    private static final Set<String> WITHOUT_KEY = Set.of("GET", "HEAD", "OPTIONS", "TRACE", "DELETE");

    /** Refusals that say nothing about the effect itself: trying again may turn out otherwise. */
    private static final Set<Integer> RETRYABLE = Set.of(400, 401, 402, 403, 408, 409, 425, 429);

    private static final Duration SOON = Duration.ofSeconds(1);

    private final boolean strict;
    private final String problemTypes;

    private HttpIdempotency(boolean strict, String problemTypes) {
        this.strict = strict;
        this.problemTypes = problemTypes;
    }

    /**
     * Returns the usual rules: a key may be quoted or bare, which is the same key, and of any entropy.
     *
     * @return the rules
     */
    public static HttpIdempotency lenient() {
        return new HttpIdempotency(false, "urn:plg:problem:");
    }

    /**
     * Returns the rules of the draft: a key must be quoted and hard to guess, see {@link IdempotencyKey#parseStrict}, and the header must be
     * there once.
     *
     * @return the rules
     */
    public static HttpIdempotency strict() {
        return new HttpIdempotency(true, "urn:plg:problem:");
    }

    /**
     * Sets where the types of problems are explained: the {@code type} of an answer is this with its name appended, such as
     * {@code https://docs.example.com/problems/idempotency-mismatch}. Default: {@code urn:plg:problem:}, which is no link; the draft
     * wants one.
     *
     * @param base an absolute URI that ends with {@code /}, {@code #} or {@code :}
     * @return these rules with this setting
     * @throws IllegalArgumentException if the URI is not absolute or ends otherwise
     */
    public HttpIdempotency problemTypes(URI base) {
        String text = base.toString();
        if (!base.isAbsolute() || !(text.endsWith("/") || text.endsWith("#") || text.endsWith(":"))) {
            throw new IllegalArgumentException(
                    "the base of problem types must be an absolute URI that ends with / or # or :, was " + text);
        }
        return new HttpIdempotency(strict, text);
    }

    /**
     * Returns the key of a request.
     *
     * <p>{@code GET}, {@code HEAD}, {@code OPTIONS}, {@code TRACE} and {@code DELETE} have none: their header is ignored, also if it is not
     * well-formed, and never required. A header that is there and empty is refused even if none is required, because the client believes to be
     * protected. Two headers are refused, unless the rules are {@linkplain #lenient lenient} and both are the same key.
     *
     * @param method the method of the request
     * @param headerLines the values of all {@code Idempotency-Key} headers, one for each line; empty if there is none
     * @param required whether the request must have a key
     * @return the key, or empty if there is none and none is required
     * @throws HttpKeyRefused if there is no key and one is required, or the header is no key
     */
    public Optional<IdempotencyKey> keyOf(String method, List<String> headerLines, boolean required) {
        Objects.requireNonNull(method, "method");
        Objects.requireNonNull(headerLines, "headerLines");
        if (WITHOUT_KEY.contains(method.toUpperCase(Locale.ROOT)) || (headerLines.isEmpty() && !required)) {
            return Optional.empty();
        }
        if (headerLines.stream().allMatch(String::isBlank)) {
            throw new HttpKeyRefused(
                    HttpKeyRefused.Reason.MISSING,
                    "the header " + KEY_HEADER + (headerLines.isEmpty() ? " is required" : " is empty")
                            + "; send a new random UUID with each new request, and the same one to repeat it",
                    null);
        }
        if (strict && headerLines.size() > 1) {
            throw twice(headerLines);
        }
        List<IdempotencyKey> keys =
                headerLines.stream().map(this::parsed).distinct().toList();
        if (keys.size() > 1) {
            throw twice(headerLines);
        }
        return Optional.of(keys.get(0));
    }

    private IdempotencyKey parsed(String line) {
        try {
            return strict ? IdempotencyKey.parseStrict(line) : IdempotencyKey.parse(line);
        } catch (IllegalArgumentException e) {
            throw new HttpKeyRefused(HttpKeyRefused.Reason.INVALID, String.valueOf(e.getMessage()), e);
        }
    }

    private static HttpKeyRefused twice(List<String> headerLines) {
        return new HttpKeyRefused(
                HttpKeyRefused.Reason.INVALID,
                "the header " + KEY_HEADER + " must be there once, was there " + headerLines.size() + " times",
                null);
    }

    /**
     * Returns an operation whose result is an answer. Answers with status 400, 401, 402, 403, 408, 409, 425, 429 or 5xx are
     * {@linkplain Operation#retryableWhen retryable}: they are handed to the client, what the handler wrote is undone, and the key stays free, so
     * that an upgrade after a 402 or a better moment after a 503 succeeds with the same key. (Stripe's first API replays even a 500.) All
     * others are stored and replayed, refusals such as 404, 410 and 422 included. Of an answer only {@link HttpAnswer#storable()} is stored.
     *
     * @param name its name, 1 to 128 characters, the same for ever
     * @return the operation
     * @throws IllegalArgumentException if the name is blank, longer than 128 characters, or has a NUL or a lone surrogate
     */
    public static Operation<HttpAnswer> operation(String name) {
        return preset(Operation.of(name, HttpAnswer.class));
    }

    /**
     * Returns an operation that is like that of {@link #operation} and {@linkplain Operation#financial financial}.
     *
     * @param name its name, 1 to 128 characters, the same for ever
     * @return the operation
     * @throws IllegalArgumentException if the name is blank, longer than 128 characters, or has a NUL or a lone surrogate
     */
    public static Operation<HttpAnswer> financial(String name) {
        return preset(Operation.financial(name, HttpAnswer.class));
    }

    private static Operation<HttpAnswer> preset(Operation<HttpAnswer> operation) {
        return operation
                .storing(HttpAnswer::storable)
                .retryableWhen(answer -> answer.status() >= 500 || RETRYABLE.contains(answer.status()));
    }

    /**
     * Returns the fingerprint of a request whose bytes count: other white space or another order of members is another request.
     *
     * @param method the method
     * @param path the path as it was sent, with the query if that decides about the effect
     * @param contentType the {@code Content-Type} as it was sent, or {@code null} if it is not to count
     * @param body the bytes of the body
     * @return the fingerprint
     */
    public static Fingerprint raw(String method, String path, @Nullable String contentType, byte[] body) {
        return Fingerprint.of(List.of(method, path, Optional.ofNullable(contentType), Fingerprint.ofBytes(body)));
    }

    /**
     * Returns the fingerprint of a request whose JSON counts: white space and the order of members do not.
     *
     * @param method the method
     * @param path the path as it was sent, with the query if that decides about the effect
     * @param json the body, blank if there is none
     * @return the fingerprint
     * @throws IllegalArgumentException if the body is not JSON, has a member twice or more than 100 levels
     */
    public static Fingerprint canonical(String method, String path, String json) {
        return Fingerprint.of(json.isBlank() ? List.of(method, path) : List.of(method, path, Fingerprint.ofJson(json)));
    }

    /**
     * Returns the answer to a request.
     *
     * @param outcome what came of it
     * @return the answer
     */
    public HttpAnswer answer(Outcome<HttpAnswer> outcome) {
        return outcome.fold(
                Outcome.Executed::value,
                replayed -> {
                    HttpAnswer stored = replayed.result();
                    return stored == null ? notKept(replayed.effectId()) : replay(stored.storable());
                },
                inFlight -> inFlight(inFlight.retryAfter()),
                mismatch -> mismatch());
    }

    /**
     * Returns the answer to a request that failed with an error of plg's, if the error belongs to idempotency.
     *
     * @param error what was thrown
     * @return the answer, or empty if the error is something else and the host's to answer
     */
    public Optional<HttpAnswer> answer(PlgException error) {
        if (error instanceof HttpKeyRefused refused) {
            return Optional.of(
                    refused.reason() == HttpKeyRefused.Reason.MISSING
                            ? problem(400, "idempotency-key-missing", "A key is missing", message(refused))
                            : problem(400, "idempotency-key-invalid", "The key is not valid", message(refused)));
        }
        if (error instanceof IdempotencyInFlight inFlight) {
            return Optional.of(inFlight(inFlight.retryAfter()));
        }
        if (error instanceof FingerprintMismatch) {
            return Optional.of(mismatch());
        }
        if (error instanceof ResultNotKept done) {
            return Optional.of(notKept(done.effectId()));
        }
        // What the driver said is not the client's business.
        if (error instanceof OutcomeUnknown) {
            return Optional.of(later(
                    problem(
                            503,
                            "outcome-unknown",
                            "It is not known whether this was done",
                            "the connection to the database broke during the commit; repeat the request with the same key, which tells"),
                    SOON));
        }
        if (error instanceof TransactionConflict || error instanceof LeaseLost) {
            return Optional.of(later(
                    problem(
                            503,
                            "transaction-conflict",
                            "Another request was faster",
                            "nothing of this request is stored; repeat it with the same key"),
                    SOON));
        }
        if (error instanceof WaitInterrupted) {
            return Optional.of(later(
                    problem(
                            503,
                            "wait-interrupted",
                            "The wait for another request was ended",
                            "nothing of this request is stored; repeat it with the same key"),
                    SOON));
        }
        return Optional.empty();
    }

    private static String message(PlgException error) {
        return String.valueOf(error.getMessage());
    }

    private static HttpAnswer replay(HttpAnswer stored) {
        return stored.with(REPLAYED_HEADER, "true").with("Cache-Control", "no-store");
    }

    private static HttpAnswer notKept(UUID effectId) {
        var body = new LinkedHashMap<String, Object>();
        body.put("effectId", effectId.toString());
        body.put("resultKept", false);
        return replay(HttpAnswer.json(200, Json.write(body)));
    }

    private HttpAnswer inFlight(Duration retryAfter) {
        return later(
                problem(
                        409,
                        "idempotency-in-flight",
                        "A request with this key is under way",
                        "another request with the same key has not ended; repeat this one later to get its answer"),
                retryAfter);
    }

    private HttpAnswer mismatch() {
        return problem(
                422,
                "idempotency-mismatch",
                "This key was used for another request",
                "the same key was sent with another path or body; repeat that request, or use a new key for this one");
    }

    private HttpAnswer problem(int status, String name, String title, String detail) {
        var body = new LinkedHashMap<String, Object>();
        body.put("type", problemTypes + name);
        body.put("title", title);
        body.put("status", status);
        body.put("detail", detail);
        HttpAnswer json = HttpAnswer.json(status, Json.write(body));
        return json.with("Content-Type", "application/problem+json").with("Cache-Control", "no-store");
    }

    private static HttpAnswer later(HttpAnswer problem, Duration after) {
        long seconds = after.getSeconds() + (after.getNano() > 0 ? 1 : 0);
        return problem.with("Retry-After", Long.toString(Math.max(1, seconds)));
    }
}
