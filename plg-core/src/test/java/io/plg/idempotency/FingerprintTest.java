package io.plg.idempotency;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.plg.UserId;
import io.plg.WorkspaceId;
import java.io.IOException;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Currency;
import java.util.Date;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class FingerprintTest {

    record Redeem(String reward, BigDecimal amount, Optional<String> note) {}

    record RedeemBeforeTheNote(String reward, BigDecimal amount) {}

    record RedeemWithANullNote(String reward, BigDecimal amount, String note) {}

    record Item(int amount, String reward) {}

    record Order(UserId user, List<Item> items) {}

    record Nothing() {}

    record Failing(String text) {
        @Override
        public String text() {
            throw new UnsupportedOperationException("no text");
        }
    }

    enum Constant {
        PLAIN,
        WITH_A_BODY {
            @Override
            public String toString() {
                return "something else";
            }
        }
    }

    /** The values behind the names in the golden file. */
    private static Map<String, Object> values() {
        var values = new LinkedHashMap<String, Object>();
        values.put("null", null);
        values.put("true", true);
        values.put("false", false);
        values.put("text", "redeem");
        values.put("text-empty", "");
        values.put("text-quote-backslash-slash", "a\"b\\c/d");
        values.put("text-control", "\u0000\t\n\u001f\u007f\u2028");
        values.put("text-unicode", "Grüße, Ἀθηνᾶ 🦄");
        values.put("text-composed", "\u00e9");
        values.put("text-decomposed", "e\u0301");
        values.put("text-lone-high-surrogate", "a\ud83eb");
        values.put("text-lone-low-surrogate", "\udd84");
        values.put("text-surrogates-swapped", "\udd84\ud83e");
        values.put("character", 'x');
        values.put("text-number", "1");
        values.put("integer-1", 1);
        values.put("integer-0", 0);
        values.put("integer-minus-1", (byte) -1);
        values.put("integer-100", (short) 100);
        values.put("long-min", Long.MIN_VALUE);
        values.put("long-max", Long.MAX_VALUE);
        values.put("integer-2-to-200", BigInteger.TWO.pow(200));
        values.put("decimal-0.1", new BigDecimal("0.1"));
        values.put("decimal-1.5", 1.5);
        values.put("decimal-minus-0.00125", new BigDecimal("-0.00125"));
        values.put("decimal-1e400", new BigDecimal("1e400"));
        values.put("decimal-1e-400", new BigDecimal("1e-400"));
        values.put("decimal-30-digits", new BigDecimal("123456789012345.678901234567891"));
        values.put("double-max", Double.MAX_VALUE);
        values.put("double-2e23", 2e23); // what Double.toString says of these differs from one JDK to the next
        values.put("double-8.41e21", 8.41e21);
        values.put("double-min", Double.MIN_VALUE);
        values.put("float-third", 1f / 3);
        values.put("float-max", Float.MAX_VALUE);
        values.put("instant", Instant.parse("2026-04-12T08:00:00.123456Z"));
        values.put("local-date", LocalDate.of(2026, 4, 12));
        values.put("duration", Duration.ofMinutes(90));
        values.put("zone", ZoneId.of("Europe/Berlin"));
        values.put("uuid", UUID.fromString("8E03978E-40D5-43E8-BC93-6894A57F9324"));
        values.put("uri", URI.create("https://example.com/a?b=c"));
        values.put("currency", Currency.getInstance("EUR"));
        values.put("locale", Locale.GERMANY);
        values.put("enum", Principal.Kind.SERVICE);
        values.put("bytes", new byte[] {0, -1, 16});
        values.put("bytes-empty", new byte[0]);
        values.put("user", UserId.of("ada"));
        values.put("workspace", WorkspaceId.of("acme"));
        values.put("fingerprint-of-null", Fingerprint.ofJson("null"));
        values.put("optional-of-text", Optional.of("redeem"));
        values.put("optional-empty", Optional.empty());
        values.put("list-empty", List.of());
        values.put("list", Arrays.asList(1, "1", null, true));
        values.put("list-other-order", Arrays.asList(true, null, "1", 1));
        values.put("list-nested", List.of(List.of(), List.of(List.of()), List.of(1, List.of(2))));
        values.put("array-of-int", new int[] {1, 2, 3});
        values.put("array-of-text", new String[] {"a", "b"});
        values.put("set-of-texts", Set.of("c", "a", "b"));
        values.put("set-of-numbers", Set.of(9, 10, 2));
        values.put("set-of-sets", Set.of(Set.of("c", "b"), Set.of("a")));
        values.put("map-empty", Map.of());
        var map = new HashMap<String, Object>();
        map.put("c", null);
        map.put("a", 1);
        map.put("b", List.of(2));
        values.put("map", map);
        values.put("map-by-utf16", Map.of("\uffff", 5, "🦄", 4, "é", 3, "a", 2, "A", 1, "", 0));
        values.put("map-of-enum-keys", new EnumMap<>(Map.of(Principal.Kind.USER, 1, Principal.Kind.SERVICE, 2)));
        values.put("record", new Redeem("welcome", new BigDecimal("1.50"), Optional.empty()));
        values.put("record-with-note", new Redeem("welcome", new BigDecimal("1.50"), Optional.of("hi")));
        values.put("record-nested", new Order(UserId.of("ada"), List.of(new Item(2, "a"), new Item(3, "b"))));
        values.put("record-empty", new Nothing());
        values.put(
                "request",
                List.of("POST", "/plg/v1/rewards/r1/redemptions", Fingerprint.ofJson("{ \"amount\" : 1.0 }")));
        return values;
    }

    @Test
    void everyFingerprintOfTheGoldenFileIsWhatItWas() throws Exception {
        Map<String, Object> values = values();
        var names = new ArrayList<String>();
        for (String[] line : golden()) {
            String name = line[0];
            names.add(name);
            assertThat(CanonicalForm.of(values.get(name))).as(name).isEqualTo(line[2]);
            assertThat(hashOf(line[2]))
                    .as("the file agrees with itself on %s", name)
                    .isEqualTo(line[1]);
            assertThat(fingerprint(values.get(name))).as(name).isEqualTo(line[1]);
        }
        assertThat(names).containsExactlyElementsOf(values.keySet()).hasSizeGreaterThan(60);
    }

    @Test
    void aCanonicalFormThatIsReadAsJsonHasTheSameFingerprint() throws Exception {
        for (String[] line : golden()) {
            assertThat(Fingerprint.ofJson(line[2]).hex()).as(line[0]).isEqualTo(line[1]);
        }
    }

    @Test
    void theHashIsTheOneOfThePublishedPrefixAndText() throws Exception {
        assertThat(Fingerprint.of("a").hex()).isEqualTo(hashOf("\"a\""));
        assertThat(Fingerprint.of(12.50).hex()).isEqualTo(hashOf("125e-1"));
        assertThat(Fingerprint.of(List.of()).hex()).isEqualTo(hashOf("[]"));
        assertThat(Fingerprint.of(Map.of("b", 1, "a", 2)).hex()).isEqualTo(hashOf("{\"a\":2,\"b\":1}"));
        assertThat(Fingerprint.of(new Item(7, "r")).hex()).isEqualTo(hashOf("{\"amount\":7,\"reward\":\"r\"}"));
        assertThat(Fingerprint.ofJson(" [ 1.0 , null ] ").hex()).isEqualTo(hashOf("[1,null]"));
        assertThat(Fingerprint.ofBytes(new byte[] {1, 2}).hex())
                .isEqualTo(sha256("plg.idempotency.fingerprint.1.bytes\0\u0001\u0002"));
    }

    @Test
    void numbersCountByTheirValue() {
        List<Object> ones = List.of(
                1,
                1L,
                (short) 1,
                (byte) 1,
                1.0,
                1.0f,
                BigInteger.ONE,
                new BigDecimal("1.00"),
                new BigDecimal("1e0"),
                new AtomicInteger(1),
                new AtomicLong(1));
        assertThat(ones).extracting(Fingerprint::of).containsOnly(Fingerprint.ofJson("1"));
        assertThat(Set.of("1", "1.0", "1.00", "1e0", "10e-1", "0.1E1"))
                .extracting(Fingerprint::ofJson)
                .containsOnly(Fingerprint.of(1));
        assertThat(List.of(0, -0.0, 0.0f, new BigDecimal("0.000"), new BigDecimal("0e99")))
                .extracting(Fingerprint::of)
                .containsOnly(Fingerprint.ofJson("-0"));
        assertThat(Fingerprint.of(0.1f)).as("as the number is written").isEqualTo(Fingerprint.of(0.1));
        assertThat(Fingerprint.of(1)).isNotEqualTo(Fingerprint.of("1"));
        assertThat(Fingerprint.of(9007199254740993L)).isNotEqualTo(Fingerprint.of(9007199254740992L));
    }

    @Test
    void aNumberWithAHugeExponentIsHashedOrRefusedAtOnce() {
        assertTimeoutPreemptively(Duration.ofSeconds(2), () -> {
            assertThat(Fingerprint.ofJson("1e999999999")).isNotEqualTo(Fingerprint.ofJson("1e999999998"));
            assertThat(Fingerprint.of(new BigDecimal("1e-999999999"))).isNotEqualTo(Fingerprint.of(0));
            assertThatIllegalArgumentException().isThrownBy(() -> Fingerprint.ofJson("1e99999999999"));
        });
    }

    @Test
    void anAbsentComponentOfARecordIsAsIfItWereNotThereButAnAbsentMemberOfAMapIs() {
        var before = Fingerprint.of(new RedeemBeforeTheNote("welcome", BigDecimal.ONE));
        var withNull = new HashMap<String, Object>(Map.of("reward", "welcome", "amount", 1));
        withNull.put("note", null);

        assertThat(Fingerprint.of(new Redeem("welcome", BigDecimal.ONE, Optional.empty())))
                .isEqualTo(before);
        assertThat(Fingerprint.of(new Redeem("welcome", BigDecimal.ONE, null))).isEqualTo(before);
        assertThat(Fingerprint.of(new RedeemWithANullNote("welcome", BigDecimal.ONE, null)))
                .isEqualTo(before);
        assertThat(Fingerprint.of(Map.of("reward", "welcome", "amount", 1))).isEqualTo(before);
        assertThat(Fingerprint.of(withNull)).isNotEqualTo(before);
        assertThat(Fingerprint.ofJson("{\"amount\":1,\"note\":null,\"reward\":\"welcome\"}"))
                .isEqualTo(Fingerprint.of(withNull));
    }

    @Test
    void anEnumConstantCountsByItsName() {
        assertThat(Fingerprint.of(Constant.WITH_A_BODY)).isEqualTo(Fingerprint.of("WITH_A_BODY"));
        assertThat(Fingerprint.of(Map.of(Constant.PLAIN, 1))).isEqualTo(Fingerprint.ofJson("{\"PLAIN\":1}"));
    }

    @Test
    void theOrderOfAListCountsAndThatOfASetDoesNot() {
        assertThat(Fingerprint.of(List.of("a", "b"))).isNotEqualTo(Fingerprint.of(List.of("b", "a")));
        assertThat(Fingerprint.of(new LinkedHashSet<>(List.of("a", "b"))))
                .isEqualTo(Fingerprint.of(new LinkedHashSet<>(List.of("b", "a"))));
    }

    @Test
    void bytesAndJsonAreTwoForms() {
        byte[] json = "{\"a\":1}".getBytes(StandardCharsets.UTF_8);

        assertThat(Fingerprint.ofBytes(json)).isNotEqualTo(Fingerprint.ofJson("{\"a\":1}"));
        assertThat(Fingerprint.ofBytes(json)).isEqualTo(Fingerprint.ofBytes(json.clone()));
        assertThat(Fingerprint.ofBytes("{\"a\": 1}".getBytes(StandardCharsets.UTF_8)))
                .isNotEqualTo(Fingerprint.ofBytes(json));
        assertThat(Fingerprint.ofJson("{\"a\": 1}")).isEqualTo(Fingerprint.ofJson("{\"a\":1.0}"));
    }

    @Test
    void whatHasNoFixedTextIsRefusedByItsName() {
        assertRefused(
                new Date(0),
                "a request must be made of records, maps, lists, texts, numbers and the like, has java.util.Date");
        assertRefused(OptionalInt.of(1), "has java.util.OptionalInt");
        assertRefused(List.of(Map.of("a", new Object())), "has java.lang.Object");
        assertRefused(Double.NaN, "a number in a request must be finite, was NaN");
        assertRefused(Float.NEGATIVE_INFINITY, "a number in a request must be finite, was -Infinity");
        assertRefused(Map.of(1, "a"), "the keys of a map in a request must be texts, was a java.lang.Integer");
        assertRefused(Collections.singletonMap(null, "a"), "the keys of a map in a request must be texts, was null");
        assertRefused(Map.of("PLAIN", 1, Constant.PLAIN, 2), "two keys of a map in a request are the text \"PLAIN\"");
        assertRefused(new Failing("a"), "component text of the record io.plg.idempotency.FingerprintTest$Failing");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Fingerprint.of(new Failing("a")))
                .withRootCauseInstanceOf(UnsupportedOperationException.class);
    }

    @Test
    void whatContainsItselfOrIsDeeperThan100LevelsIsRefused() {
        var list = new ArrayList<Object>();
        list.add(list);
        var map = new HashMap<String, Object>();
        map.put("self", Optional.of(map));
        var array = new Object[1];
        array[0] = array;

        for (Object each : List.<Object>of(Optional.of(list), Optional.of(map), array)) {
            assertRefused(each, "a request must have at most 100 levels; one that contains itself has no fingerprint");
        }
        assertThat(Fingerprint.ofJson("[".repeat(100) + "]".repeat(100))).isNotNull();
        assertThatIllegalArgumentException().isThrownBy(() -> Fingerprint.ofJson("[".repeat(102) + "]".repeat(102)));
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Fingerprint.ofJson("[".repeat(100_000) + "]".repeat(100_000)));
    }

    @Test
    void whatIsNotOneJsonValueIsRefused() {
        for (String each :
                List.of("", " ", "{", "{\"a\":1}x", "1 2", "{'a':1}", "{\"a\":1,\"a\":1}", "NaN", "\"\n\"")) {
            assertThatIllegalArgumentException()
                    .as(each)
                    .isThrownBy(() -> Fingerprint.ofJson(each))
                    .withMessageStartingWith("a request must be one JSON value: ");
        }
    }

    @Test
    void aFingerprintIs64HexadecimalDigits() {
        String hex = Fingerprint.of("a").hex();

        assertThat(new Fingerprint(hex)).isEqualTo(Fingerprint.of("a")).hasToString(hex);
        for (String each :
                List.of("", hex.substring(1), hex + "0", hex.toUpperCase(Locale.ROOT), "g" + hex.substring(1))) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> new Fingerprint(each))
                    .withMessage("fingerprint must be 64 lower-case hexadecimal digits, was " + each);
        }
    }

    @Property(tries = 500)
    void theOrderOfTheMembersDoesNotCount(@ForAll("requests") Object request, @ForAll Random random) {
        assertThat(Fingerprint.of(shuffled(request, random))).isEqualTo(Fingerprint.of(request));
    }

    @Property(tries = 2000)
    void differentRequestsHaveDifferentFingerprintsAndEqualOnesTheSame(
            @ForAll("requests") Object one, @ForAll("requests") Object other) {
        assertThat(Fingerprint.of(one).equals(Fingerprint.of(other))).isEqualTo(one.equals(other));
    }

    @Property(tries = 500)
    void theCanonicalFormAsJsonIsTheSameRequest(@ForAll("requests") Object request) {
        assertThat(Fingerprint.ofJson(CanonicalForm.of(request))).isEqualTo(Fingerprint.of(request));
    }

    @Provide
    Arbitrary<Object> requests() {
        Arbitrary<Object> leaves = Arbitraries.oneOf(
                Arbitraries.strings().ofMaxLength(4).map(text -> text),
                Arbitraries.of("", "a", "b", "\"", "\\", "1", "null", "[]", ",").map(text -> text),
                Arbitraries.longs().map(number -> number),
                Arbitraries.of(true, false).map(truth -> truth));
        Arbitrary<String> names = Arbitraries.oneOf(
                Arbitraries.of("a", "b", "c", "", "\""), Arbitraries.strings().ofMaxLength(3));
        return Arbitraries.recursive(
                () -> leaves,
                deeper -> Arbitraries.oneOf(
                        leaves,
                        deeper.list().ofMaxSize(3).map(list -> list),
                        Arbitraries.maps(names, deeper).ofMaxSize(4).map(map -> map)),
                0,
                3);
    }

    private static Object shuffled(Object request, Random random) {
        if (request instanceof List<?> list) {
            return list.stream().map(each -> shuffled(each, random)).toList();
        }
        if (!(request instanceof Map<?, ?> map)) {
            return request;
        }
        var entries = new ArrayList<Map.Entry<?, ?>>(map.entrySet());
        Collections.shuffle(entries, random);
        var shuffled = new LinkedHashMap<Object, Object>();
        entries.forEach(each -> shuffled.put(each.getKey(), shuffled(each.getValue(), random)));
        return random.nextBoolean() ? shuffled : new TreeMap<>(shuffled);
    }

    private static void assertRefused(Object request, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Fingerprint.of(request))
                .withMessageContaining(message);
    }

    private static String fingerprint(Object request) {
        return Fingerprint.of(request).hex();
    }

    /** By hand, and not by the code under test. */
    private static String hashOf(String canonical) throws Exception {
        return sha256("plg.idempotency.fingerprint.1.value\0" + canonical);
    }

    private static String sha256(String text) throws Exception {
        byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
        return HexFormat.of().formatHex(hash);
    }

    /** The lines of the golden file: name, fingerprint, canonical form. */
    private static List<String[]> golden() throws IOException {
        try (var file = FingerprintTest.class.getResourceAsStream("fingerprints.txt")) {
            String text = new String(file.readAllBytes(), StandardCharsets.UTF_8);
            return text.lines().map(line -> line.split("\t")).toList();
        }
    }

    @Test
    void numbersThatAreTooLargeToCompareAreRefusedQuickly() {
        for (String json : List.of("100e2147483647", "1e99999999999", "1".repeat(1_001))) {
            assertThatIllegalArgumentException().as(json).isThrownBy(() -> Fingerprint.ofJson(json));
        }
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Fingerprint.of(new BigDecimal(BigInteger.TEN, Integer.MIN_VALUE)));
        assertTimeoutPreemptively(
                Duration.ofSeconds(5),
                () -> assertThatIllegalArgumentException()
                        .isThrownBy(() -> Fingerprint.of(BigInteger.TEN.pow(100_000)))
                        .withMessageContaining("1000 digits"));
    }

    @Test
    void collectionsWithoutAnOrderAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Fingerprint.of(new HashMap<>(Map.of("a", 1)).values()))
                .withMessageContaining("Values");
    }
}
