package io.plg.idempotency.http;

import static io.plg.idempotency.Principal.by;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.OutcomeUnknown;
import io.plg.Plg;
import io.plg.PlgException;
import io.plg.SettableClock;
import io.plg.StoreFailure;
import io.plg.TransactionConflict;
import io.plg.Workspace;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.IdempotencyInFlight;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.LeaseLost;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Outcome;
import io.plg.idempotency.Principal;
import io.plg.idempotency.ResultNotKept;
import io.plg.idempotency.Scope;
import io.plg.idempotency.WaitInterrupted;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.json.JsonMapper;

/** Numbers in brackets are those of the conformance cases. */
class HttpIdempotencyTest {
    private static final String UUID_KEY = "8e03978e-40d5-43e8-bc93-6894a57f9324";
    private static final String QUOTED = '"' + UUID_KEY + '"';
    private static final String PATH = "/plg/v1/rewards/r1/redemptions";
    private static final Operation<HttpAnswer> REDEEM = HttpIdempotency.financial("redeem-reward");
    private static final Scope SCOPE = new Scope(by("ada"), "redeem-reward", IdempotencyKey.of("k"));

    private final HttpIdempotency http =
            HttpIdempotency.lenient().problemTypes(URI.create("https://docs.example.com/problems/"));
    private final SettableClock clock = SettableClock.at("2026-04-12T08:00:00Z");
    private final Plg plg = Plg.inMemory().clock(clock).build();
    private final Workspace acme = plg.workspace("acme");
    private final AtomicInteger ran = new AtomicInteger();

    // ---- A: the header and the form of a key

    @ParameterizedTest
    @ValueSource(strings = {"POST", "PUT", "PATCH", "LOCK"})
    void aMissingKeyThatIsRequiredIsA400WithALinkToItsType(String method) { // [1]
        assertThatThrownBy(() -> http.keyOf(method, List.of(), true))
                .isInstanceOfSatisfying(HttpKeyRefused.class, error -> {
                    assertThat(error.reason()).isEqualTo(HttpKeyRefused.Reason.MISSING);
                    assertThat(error.isRetryable()).isFalse();
                    assertProblem(http.answer(error), 400, "idempotency-key-missing");
                    assertThat(json(http.answer(error).orElseThrow()).get("detail"))
                            .isEqualTo(
                                    "the header Idempotency-Key is required; send a new random UUID with each new request, and the"
                                            + " same one to repeat it");
                });
        assertThat(http.keyOf(method, List.of(), false)).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(strings = {"", " ", "\t "})
    void anEmptyHeaderIsA400AlsoWhereNoKeyIsRequired(String line) { // [2]
        for (boolean required : new boolean[] {true, false}) {
            assertProblem(refused(http, "POST", List.of(line), required), 400, "idempotency-key-missing");
            assertProblem(refused(http, "POST", List.of(line, ""), required), 400, "idempotency-key-missing");
        }
    }

    @Test
    void aQuotedKeyIsExecutedAndTheSameKeyWithoutQuotesIsItsReplay() { // [3, 4]
        HttpAnswer first = post(QUOTED, "{}", () -> HttpAnswer.json(201, "{\"grant\":1}"));
        HttpAnswer second = post(UUID_KEY, "{}", () -> HttpAnswer.json(201, "{\"grant\":2}"));

        assertThat(first).isEqualTo(HttpAnswer.json(201, "{\"grant\":1}"));
        assertThat(second.body()).isEqualTo(first.body());
        assertThat(second.header("Idempotent-Replayed")).contains("true");
        assertThat(ran).hasValue(1);
    }

    @Test
    void inStrictModeAKeyWithoutQuotesIsA400() { // [4]
        assertThat(HttpIdempotency.strict().keyOf("POST", List.of(QUOTED), true))
                .contains(IdempotencyKey.of(UUID_KEY));
        assertProblem(
                refused(HttpIdempotency.strict(), "POST", List.of(UUID_KEY), true), 400, "idempotency-key-invalid");
    }

    @Test
    void aKeyOf255CharactersIsAcceptedAndOneOf256IsA400() { // [5]
        assertThat(http.keyOf("POST", List.of("x".repeat(255)), true)).contains(IdempotencyKey.of("x".repeat(255)));
        assertProblem(refused(http, "POST", List.of("x".repeat(256)), true), 400, "idempotency-key-invalid");
    }

    @Test
    void twoDifferentKeysAreA400() { // [6]
        assertProblem(refused(http, "POST", List.of("a", "b"), true), 400, "idempotency-key-invalid");
        assertProblem(refused(http, "POST", List.of("a", ""), true), 400, "idempotency-key-invalid");
        assertProblem(refused(http, "POST", List.of("\"a\", \"b\""), false), 400, "idempotency-key-invalid");
    }

    @Test
    void theSameKeyTwiceIsOneKeyInLenientModeAndA400InStrictMode() { // [6]
        assertThat(http.keyOf("POST", List.of(UUID_KEY, QUOTED), true)).contains(IdempotencyKey.of(UUID_KEY));
        assertProblem(
                refused(HttpIdempotency.strict(), "POST", List.of(QUOTED, QUOTED), true),
                400,
                "idempotency-key-invalid");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a\u0000b", "a\r\nb", "key-🦄", "\"a", "\"a\"b"})
    void aKeyThatIsNotWellFormedIsA400(String line) { // [7]
        assertProblem(refused(http, "POST", List.of(line), true), 400, "idempotency-key-invalid");
        assertProblem(refused(http, "POST", List.of(line), false), 400, "idempotency-key-invalid");
    }

    @Test
    void whatLooksLikeAnAttackIsAKeyLikeAnyOther() { // [7]
        assertThat(http.keyOf("POST", List.of("'; drop table --"), true))
                .contains(IdempotencyKey.of("'; drop table --"));
        assertThat(http.keyOf("POST", List.of("%00"), true)).contains(IdempotencyKey.of("%00"));
    }

    @Test
    void aKeyThatIsEasyToGuessIsA400InStrictModeAndNobodyElsesOtherwise() { // [8]
        assertProblem(
                refused(HttpIdempotency.strict(), "POST", List.of("\"1\""), true), 400, "idempotency-key-invalid");

        HttpAnswer adas = http.answer(execute(by("ada"), "1", "{}", () -> HttpAnswer.json(201, "ada's")));
        HttpAnswer bobs = http.answer(execute(by("bob"), "1", "{}", () -> HttpAnswer.json(201, "bob's")));

        assertThat(text(adas)).isEqualTo("ada's");
        assertThat(text(bobs)).isEqualTo("bob's");
    }

    @ParameterizedTest
    @ValueSource(strings = {"GET", "HEAD", "OPTIONS", "TRACE", "DELETE"})
    void aMethodThatNeedsNoKeyHasNone(String method) { // [9]
        for (HttpIdempotency each : List.of(http, HttpIdempotency.strict())) {
            assertThat(each.keyOf(method, List.of(QUOTED), true)).isEmpty();
            assertThat(each.keyOf(method, List.of("a", "b\u0000"), false)).isEmpty();
            assertThat(each.keyOf(method, List.of(), true)).isEmpty();
        }
    }

    // ---- B: replays

    @Test
    void aReplayHasTheSameStatusBytesAndTypeAndSaysSo() { // [13, 14]
        byte[] bytes = "{ \"grant\" : \"é\\u00e9\" }\n".getBytes(StandardCharsets.UTF_8);
        Supplier<HttpAnswer> handler = () -> HttpAnswer.of(201, "application/vnd.plg+json; charset=utf-8", bytes)
                .with("Location", "/grants/1");
        HttpAnswer first = post("k", "{}", handler);

        for (int i = 0; i < 100; i++) {
            HttpAnswer replay = post("k", "{}", handler);
            assertThat(replay.status()).isEqualTo(201);
            assertThat(replay.body()).isEqualTo(bytes);
            assertThat(replay.headers())
                    .containsExactlyInAnyOrderEntriesOf(Map.of(
                            "Content-Type", "application/vnd.plg+json; charset=utf-8",
                            "Location", "/grants/1",
                            "Idempotent-Replayed", "true",
                            "Cache-Control", "no-store"));
        }
        assertThat(first).isEqualTo(handler.get());
        assertThat(ran).hasValue(1);
    }

    @Test
    void aReplayHasNeitherTheCookiesNorTheDateOfTheFirstAnswer() { // [15]
        Supplier<HttpAnswer> handler = () -> HttpAnswer.json(201, "{}")
                .with("Set-Cookie", "session=secret")
                .with("Date", "Sun, 12 Apr 2026 08:00:00 GMT")
                .with("Connection", "close")
                .with("Cache-Control", "max-age=60");

        assertThat(post("k", "{}", handler))
                .as("the first one is the handler's")
                .isEqualTo(handler.get());
        assertThat(post("k", "{}", handler).headers())
                .containsOnlyKeys("Content-Type", "Idempotent-Replayed", "Cache-Control")
                .containsEntry("Cache-Control", "no-store");
    }

    @Test
    void cookiesAreLeftOutAlsoIfTheOperationStoresThem() { // [15]
        var stored = new Outcome.Replayed<>(HttpAnswer.json(201, "{}").with("Set-Cookie", "a"), new UUID(0, 1), true);

        assertThat(http.answer(stored).headers()).doesNotContainKey("Set-Cookie");
    }

    @Test
    void anotherBodyWithTheSameKeyIsA422AndPoisonsNothing() { // [16, 19]
        HttpAnswer first = post("k", "{\"amount\":1}", () -> HttpAnswer.json(201, "first"));
        HttpAnswer other = post("k", "{\"amount\":2}", () -> HttpAnswer.json(201, "other"));
        HttpAnswer again = post("k", "{\"amount\":1}", () -> HttpAnswer.json(201, "again"));

        assertProblem(Optional.of(other), 422, "idempotency-mismatch");
        assertThat(again.body()).isEqualTo(first.body());
        assertThat(ran).hasValue(1);
    }

    @Test
    void theSameBodyOnAnotherPathIsA422() { // [17]
        byte[] body = "{}".getBytes(StandardCharsets.UTF_8);
        var ours = HttpIdempotency.raw("POST", PATH, "application/json", body);

        assertThat(HttpIdempotency.raw("POST", PATH, "application/json", body.clone()))
                .isEqualTo(ours);
        assertThat(HttpIdempotency.raw("POST", PATH + "2", "application/json", body))
                .isNotEqualTo(ours);
        assertThat(HttpIdempotency.raw("PUT", PATH, "application/json", body)).isNotEqualTo(ours);
        assertThat(HttpIdempotency.raw("POST", PATH, "text/plain", body)).isNotEqualTo(ours);
        assertThat(HttpIdempotency.raw("POST", PATH, null, body)).isNotEqualTo(ours);
        assertThat(HttpIdempotency.canonical("POST", PATH, "{}")).isNotEqualTo(ours);
        assertThat(HttpIdempotency.canonical("POST", PATH + "2", "{}"))
                .isNotEqualTo(HttpIdempotency.canonical("POST", PATH, "{}"));

        execute(by("ada"), "k", ours, () -> HttpAnswer.of(201));
        var other = execute(
                by("ada"),
                "k",
                HttpIdempotency.raw("POST", "/other", "application/json", body),
                () -> HttpAnswer.of(201));
        assertProblem(Optional.of(http.answer(other)), 422, "idempotency-mismatch");
    }

    @Test
    void otherWhiteSpaceIsAnotherRequestInRawModeAndTheSameInCanonicalMode() { // [18]
        String one = "{\"reward\":\"r\",\"amount\":1}";
        String other = "{ \"amount\": 1.0,\n  \"reward\": \"r\" }";

        execute(by("ada"), "raw", raw(one), () -> HttpAnswer.of(201));
        execute(by("ada"), "canonical", HttpIdempotency.canonical("POST", PATH, one), () -> HttpAnswer.of(201));

        assertThat(execute(by("ada"), "raw", raw(other), () -> HttpAnswer.of(201)))
                .isInstanceOf(Outcome.Mismatch.class);
        assertThat(execute(
                        by("ada"),
                        "canonical",
                        HttpIdempotency.canonical("POST", PATH, other),
                        () -> HttpAnswer.of(201)))
                .isInstanceOf(Outcome.Replayed.class);
    }

    @Test
    void aRequestWithoutABodyHasACanonicalFingerprintAndOneThatIsNotJsonHasNone() {
        assertThat(HttpIdempotency.canonical("POST", PATH, ""))
                .isEqualTo(HttpIdempotency.canonical("POST", PATH, " "))
                .isNotEqualTo(HttpIdempotency.canonical("POST", PATH, "null"));
        assertThatIllegalArgumentException().isThrownBy(() -> HttpIdempotency.canonical("POST", PATH, "{"));
    }

    // ---- C: refusals and what is stored

    @ParameterizedTest
    @ValueSource(ints = {200, 201, 204, 303, 404, 405, 410, 412, 418, 422, 451})
    void anAnswerThatIsFinalIsStored(int status) { // [23]
        post("k", "{}", () -> HttpAnswer.json(status, "first"));
        HttpAnswer replay = post("k", "{}", () -> HttpAnswer.json(201, "second"));

        assertThat(replay.status()).isEqualTo(status);
        assertThat(text(replay)).isEqualTo("first");
        assertThat(ran).hasValue(1);
    }

    @ParameterizedTest
    @ValueSource(ints = {400, 401, 402, 403, 408, 409, 425, 429, 500, 502, 503, 504, 599})
    void aRefusalThatMayTurnOutOtherwiseIsNotStored(int status) { // [24, 26]
        HttpAnswer refusal = HttpAnswer.json(status, "refused").with("Retry-After", "3");

        assertThat(post("k", "{}", () -> refusal)).isEqualTo(refusal);
        HttpAnswer later = post("k", "{}", () -> HttpAnswer.json(201, "done"));

        assertThat(later).isEqualTo(HttpAnswer.json(201, "done"));
        assertThat(text(post("k", "{}", () -> HttpAnswer.json(201, "again")))).isEqualTo("done");
        assertThat(ran).hasValue(2);
    }

    @Test
    void afterALimitWasReachedAnUpgradeSucceedsWithTheSameKeyAndNothingOfTheRefusalIsLeft() { // [26]
        var limit = new AtomicInteger(0);
        Supplier<HttpAnswer> first = () -> HttpAnswer.json(limit.get() == 0 ? 402 : 201, "{\"limit\":" + limit + "}");
        Outcome<HttpAnswer> refused = acme.idempotency()
                .execute(REDEEM, by("ada"), IdempotencyKey.of("k"), Fingerprint.of("r"), tx -> {
                    assertThat(tx.idempotency().once("welcome", "ada").first()).isTrue();
                    return first.get();
                });
        limit.set(1);
        Outcome<HttpAnswer> granted = acme.idempotency()
                .execute(REDEEM, by("ada"), IdempotencyKey.of("k"), Fingerprint.of("r"), tx -> {
                    assertThat(tx.idempotency().once("welcome", "ada").first())
                            .as("undone with the refusal")
                            .isTrue();
                    return first.get();
                });

        assertThat(http.answer(refused).status()).isEqualTo(402);
        assertThat(http.answer(granted)).isEqualTo(HttpAnswer.json(201, "{\"limit\":1}"));
    }

    @Test
    void anAnswerOfAMebibyteIsReplayedIntact() { // [28]
        var body = new byte[1 << 20];
        new Random(7).nextBytes(body);

        post("k", "{}", () -> HttpAnswer.of(200, "application/octet-stream", body));
        HttpAnswer replay = post("k", "{}", () -> HttpAnswer.of(500));

        assertThat(Arrays.equals(replay.body(), body)).isTrue();
        assertThat(replay.header("Content-Type")).contains("application/octet-stream");
        assertThat(ran).hasValue(1);
    }

    @Test
    void anAnswerAboveTheCapIsNotStoredAndItsReplayNamesTheEffect() throws Exception { // [28]
        var body = new byte[2 << 20];
        Outcome<HttpAnswer> first = execute(by("ada"), "k", "{}", () -> HttpAnswer.of(201, "text/plain", body));
        HttpAnswer replay = post("k", "{}", () -> HttpAnswer.of(201));

        assertThat(http.answer(first).body()).hasSize(body.length);
        assertReference(replay, ((Outcome.Executed<HttpAnswer>) first).effectId());
        assertThat(ran).hasValue(1);
    }

    // ---- D: at the same time

    @Test
    void aRequestUnderWayIsA409ThatSaysWhenToTryAgainAndThenItsAnswerIsThere() throws Exception { // [37]
        var began = new CountDownLatch(1);
        var goOn = new CountDownLatch(1);
        CompletableFuture<HttpAnswer> owner = CompletableFuture.supplyAsync(() -> post("k", "{}", () -> {
            began.countDown();
            try {
                assertThat(goOn.await(10, TimeUnit.SECONDS)).isTrue();
            } catch (InterruptedException e) {
                throw new AssertionError(e);
            }
            return HttpAnswer.json(201, "done");
        }));
        assertThat(began.await(10, TimeUnit.SECONDS)).isTrue();

        HttpAnswer busy = http.answer(acme.idempotency()
                .execute(
                        REDEEM.failFast(),
                        by("ada"),
                        IdempotencyKey.of("k"),
                        fingerprint("{}"),
                        tx -> HttpAnswer.of(500)));
        goOn.countDown();

        assertProblem(Optional.of(busy), 409, "idempotency-in-flight");
        assertThat(busy.header("Retry-After")).contains("1");
        assertThat(text(owner.get(10, TimeUnit.SECONDS))).isEqualTo("done");
        assertThat(text(post("k", "{}", () -> HttpAnswer.of(500)))).isEqualTo("done");
    }

    @Test
    void retryAfterIsInWholeSecondsRoundedUpAndOneAtLeast() { // [37]
        assertThat(retryAfter(Duration.ZERO)).isEqualTo("1");
        assertThat(retryAfter(Duration.ofSeconds(-3))).isEqualTo("1");
        assertThat(retryAfter(Duration.ofSeconds(1))).isEqualTo("1");
        assertThat(retryAfter(Duration.ofSeconds(1).plusNanos(1))).isEqualTo("2");
        assertThat(retryAfter(Duration.ofMillis(29_999))).isEqualTo("30");
        assertThat(retryAfter(Duration.ofDays(1))).isEqualTo("86400");
        assertThat(http.answer(new IdempotencyInFlight(SCOPE, Duration.ofMillis(1500)))
                        .orElseThrow()
                        .header("Retry-After"))
                .contains("2");
    }

    // ---- E and F: failures, and after the retention

    @Test
    void anUnknownOutcomeIsA503ThatKeepsWhatTheDriverSaidToItself() { // [40]
        var answer = http.answer(new OutcomeUnknown("commit", new SQLException("connection to db-7.internal broke")));

        assertProblem(answer, 503, "outcome-unknown");
        assertThat(answer.orElseThrow().header("Retry-After")).contains("1");
        assertThat(text(answer.orElseThrow())).doesNotContain("db-7");
    }

    @Test
    void whoeverLostOrWasInterruptedIsToldToRepeatTheRequest() {
        var conflict = http.answer(new TransactionConflict("lost", new SQLException("40001")));
        var lease = http.answer(new LeaseLost(SCOPE));
        var interrupted = http.answer(new WaitInterrupted(SCOPE, new InterruptedException()));

        assertProblem(conflict, 503, "transaction-conflict");
        assertProblem(lease, 503, "transaction-conflict");
        assertProblem(interrupted, 503, "wait-interrupted");
        assertThat(List.of(conflict, lease, interrupted))
                .allSatisfy(answer ->
                        assertThat(answer.orElseThrow().header("Retry-After")).contains("1"));
    }

    @Test
    void afterTheRetentionTheReplayNamesTheEffectAndHasNoSecondOne() throws Exception { // [47]
        Outcome<HttpAnswer> first = execute(by("ada"), "k", "{}", () -> HttpAnswer.json(201, "done"));
        clock.advance(Duration.ofDays(31));
        assertThat(plg.removeExpired()).isEqualTo(1);

        HttpAnswer replay = post("k", "{}", () -> HttpAnswer.of(201));

        assertReference(replay, ((Outcome.Executed<HttpAnswer>) first).effectId());
        assertThat(ran).hasValue(1);
        assertProblem(Optional.of(post("k", "{\"other\":1}", () -> HttpAnswer.of(201))), 422, "idempotency-mismatch");
    }

    @Test
    void theErrorsOfOrThrowHaveTheSameAnswersAsTheirOutcomes() throws Exception {
        for (Outcome<HttpAnswer> each : List.<Outcome<HttpAnswer>>of(
                new Outcome.InFlight<>(SCOPE, Duration.ofSeconds(7)),
                new Outcome.Mismatch<>(SCOPE),
                new Outcome.Replayed<>(null, new UUID(1, 2), false))) {
            assertThatThrownBy(each::orThrow)
                    .isInstanceOfSatisfying(
                            PlgException.class,
                            error -> assertThat(http.answer(error)).contains(http.answer(each)));
        }
        assertReference(http.answer(new ResultNotKept(new UUID(1, 2))).orElseThrow(), new UUID(1, 2));
    }

    @Test
    void anErrorThatIsNotAboutIdempotencyIsTheHostsToAnswer() {
        assertThat(http.answer(new StoreFailure("away", new SQLException()))).isEmpty();
        assertThat(http.answer(new PlgException("other"))).isEmpty();
    }

    // ---- settings

    @Test
    void theBaseOfProblemTypesIsAbsoluteAndEndsWhereANameCanFollow() {
        assertThat(type(HttpIdempotency.lenient())).isEqualTo("urn:plg:problem:idempotency-mismatch");
        assertThat(type(HttpIdempotency.strict().problemTypes(URI.create("https://e.com/docs#"))))
                .isEqualTo("https://e.com/docs#idempotency-mismatch");
        for (String each : List.of("/problems/", "https://e.com/problems", "", "problems/")) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> http.problemTypes(URI.create(each)))
                    .withMessage("the base of problem types must be an absolute URI that ends with / or # or :, was "
                            + each);
        }
        assertProblem(
                refused(
                        HttpIdempotency.strict().problemTypes(URI.create("https://docs.example.com/problems/")),
                        "POST",
                        List.of("a"),
                        true),
                400,
                "idempotency-key-invalid");
    }

    @Test
    void theTwoOperationsDifferInTheirLogOnly() {
        assertThat(HttpIdempotency.financial("redeem").isFinancial()).isTrue();
        assertThat(HttpIdempotency.operation("invite").isFinancial()).isFalse();
        assertThat(HttpIdempotency.operation("invite").name()).isEqualTo("invite");
        assertThat(HttpIdempotency.operation("invite").type()).isEqualTo(HttpAnswer.class);
        assertThatIllegalArgumentException().isThrownBy(() -> HttpIdempotency.operation(" "));
    }

    // ---- what a web layer does

    private HttpAnswer post(String header, String body, Supplier<HttpAnswer> handler) {
        IdempotencyKey key = http.keyOf("POST", List.of(header), true).orElseThrow();
        return http.answer(execute(by("ada"), key.value(), body, handler));
    }

    private Outcome<HttpAnswer> execute(Principal by, String key, String body, Supplier<HttpAnswer> handler) {
        return execute(by, key, fingerprint(body), handler);
    }

    private Outcome<HttpAnswer> execute(Principal by, String key, Fingerprint request, Supplier<HttpAnswer> handler) {
        return acme.idempotency().execute(REDEEM, by, IdempotencyKey.of(key), request, tx -> {
            ran.incrementAndGet();
            return handler.get();
        });
    }

    private static Fingerprint fingerprint(String body) {
        return HttpIdempotency.canonical("POST", PATH, body);
    }

    private static Fingerprint raw(String body) {
        return HttpIdempotency.raw("POST", PATH, "application/json", body.getBytes(StandardCharsets.UTF_8));
    }

    private static Optional<HttpAnswer> refused(
            HttpIdempotency http, String method, List<String> lines, boolean required) {
        try {
            http.keyOf(method, lines, required);
            return Optional.empty();
        } catch (HttpKeyRefused e) {
            return http.answer(e);
        }
    }

    private String retryAfter(Duration left) {
        return http.answer(new Outcome.InFlight<>(SCOPE, left))
                .header("Retry-After")
                .orElseThrow();
    }

    private static String type(HttpIdempotency http) {
        return (String) json(http.answer(new Outcome.Mismatch<>(SCOPE))).get("type");
    }

    private static void assertProblem(Optional<HttpAnswer> answer, int status, String name) {
        assertThat(answer).hasValueSatisfying(problem -> {
            assertThat(problem.status()).isEqualTo(status);
            assertThat(problem.header("Content-Type")).contains("application/problem+json");
            assertThat(problem.header("Cache-Control")).contains("no-store");
            assertThat(json(problem))
                    .containsOnlyKeys("type", "title", "status", "detail")
                    .containsEntry("status", status);
            assertThat((String) json(problem).get("type"))
                    .isIn("https://docs.example.com/problems/" + name, "urn:plg:problem:" + name);
        });
    }

    private static void assertReference(HttpAnswer replay, UUID effectId) {
        assertThat(replay.status()).isEqualTo(200);
        assertThat(text(replay)).isEqualTo("{\"effectId\":\"" + effectId + "\",\"resultKept\":false}");
        assertThat(replay.headers())
                .containsExactlyInAnyOrderEntriesOf(Map.of(
                        "Content-Type",
                        "application/json",
                        "Idempotent-Replayed",
                        "true",
                        "Cache-Control",
                        "no-store"));
    }

    @SuppressWarnings("unchecked")
    private static Map<String, Object> json(HttpAnswer answer) {
        return JsonMapper.shared().readValue(answer.body(), Map.class);
    }

    private static String text(HttpAnswer answer) {
        return new String(answer.body(), StandardCharsets.UTF_8);
    }
}
