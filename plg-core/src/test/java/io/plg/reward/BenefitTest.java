package io.plg.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import io.plg.plan.Every;
import io.plg.plan.Feature;
import java.math.BigDecimal;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;

class BenefitTest {
    private static final Feature.Quota EXPORTS = Feature.quota("exports", Every.MONTH);
    private static final Feature.Cap STORAGE_GB = Feature.cap("storage_gb").withDecimals(3);
    private static final Feature.Flag API_ACCESS = Feature.flag("api_access");

    static Stream<Arguments> everyKind() {
        return Stream.of(
                arguments(Benefit.trialDays(30), "trial_days", "30", "{\"kind\":\"trial_days\",\"days\":30}"),
                arguments(
                        Benefit.trialDays("pro", 14),
                        "trial_days:pro",
                        "14",
                        "{\"kind\":\"trial_days\",\"plan\":\"pro\",\"days\":14}"),
                arguments(
                        Benefit.credit(EXPORTS, 100),
                        "credit:exports",
                        "100",
                        "{\"kind\":\"credit\",\"feature\":\"exports\",\"amount\":100}"),
                arguments(
                        Benefit.credit(STORAGE_GB, new BigDecimal("1.50")).validFor(Duration.ofHours(36)),
                        "credit:storage_gb",
                        "1.5",
                        "{\"kind\":\"credit\",\"feature\":\"storage_gb\",\"amount\":\"1.5\",\"validFor\":\"PT36H\"}"),
                arguments(
                        Benefit.unlock(API_ACCESS, Duration.ofDays(30)),
                        "unlock_seconds:api_access",
                        "2592000",
                        "{\"kind\":\"unlock\",\"feature\":\"api_access\",\"length\":\"P30D\"}"),
                arguments(
                        Benefit.discount(20, 3),
                        "discount_percent_months",
                        "60",
                        "{\"kind\":\"discount\",\"percent\":20,\"months\":3}"),
                arguments(
                        Benefit.accountCredit(20, "USD"),
                        "USD",
                        "2000",
                        "{\"kind\":\"account_credit\",\"money\":\"USD 20.00\"}"),
                arguments(
                        Benefit.custom("t-shirt", Map.of("size", "M")),
                        "custom:t-shirt",
                        "1",
                        "{\"kind\":\"custom\",\"type\":\"t-shirt\",\"details\":{\"size\":\"M\"}}"),
                arguments(
                        Benefit.custom("call", Map.of()),
                        "custom:call",
                        "1",
                        "{\"kind\":\"custom\",\"type\":\"call\"}"));
    }

    @ParameterizedTest
    @MethodSource("everyKind")
    void itIsAnAmountOfAUnitAndAText(Benefit benefit, String unit, String amount, String json) {
        assertThat(benefit.unit()).isEqualTo(unit);
        assertThat(benefit.amount()).isEqualTo(new BigDecimal(amount));
        assertThat(benefit.toText()).isEqualTo(json);
        assertThat(Benefit.parse(json)).isEqualTo(benefit);
    }

    @Test
    void onlyMoneyIsMoney() {
        assertThat(Benefit.accountCredit(Money.minor("EUR", 5)).money()).contains(Money.minor("EUR", 5));
        assertThat(Benefit.trialDays(1).money()).isEmpty();
        assertThat(Benefit.discount(1, 1).money()).isEmpty();
    }

    @Property
    void whatIsWrittenIsRead(@ForAll("benefits") Benefit benefit) {
        assertThat(Benefit.parse(benefit.toText())).isEqualTo(benefit);
        assertThat(benefit.amount()).isPositive();
        assertThat(benefit.amount().scale()).isBetween(0, 6);
        assertThat(benefit.unit().codePointCount(0, benefit.unit().length())).isBetween(1, 160);
    }

    @Provide
    Arbitrary<Benefit> benefits() {
        return AnyRewards.benefits();
    }

    static Stream<Arguments> refusals() {
        BigDecimal tooMuch = BigDecimal.TEN.pow(18).add(BigDecimal.ONE);
        return Stream.of(
                refusal(() -> Benefit.trialDays(0), "days must be 1 to 36500, was 0"),
                refusal(() -> Benefit.trialDays(36_501), "days must be 1 to 36500, was 36501"),
                refusal(() -> Benefit.trialDays(" ", 1), "plan must not be blank, was \" \""),
                refusal(() -> Benefit.credit(EXPORTS, 0), "amount must be positive, was 0"),
                refusal(() -> Benefit.credit(EXPORTS, -1), "amount must be positive, was -1"),
                refusal(
                        () -> Benefit.credit(EXPORTS, new BigDecimal("1.5")),
                        "amount of \"exports\" must be whole (the feature declares no decimals), was 1.5"),
                refusal(
                        () -> Benefit.credit(STORAGE_GB, new BigDecimal("0.0005")),
                        "amount of \"storage_gb\" must have at most 3 decimals, was 0.0005"),
                refusal(
                        () -> Benefit.credit(EXPORTS, tooMuch),
                        "amount must be at most 10^18, was 1000000000000000001"),
                refusal(
                        () -> Benefit.credit(STORAGE_GB, 1_000_000_000_000_001L),
                        "amount of \"storage_gb\" in its smallest steps must be at most 10^18, was 1000000000000001000"),
                refusal(
                        () -> new Benefit.Credit("x", new BigDecimal("0.0000001"), Optional.empty()),
                        "amount must have at most 6 decimals, was 1E-7"),
                refusal(
                        () -> Benefit.credit(EXPORTS, 1).validFor(Duration.ZERO),
                        "validFor must be positive, was PT0S"),
                refusal(
                        () -> new Benefit.Credit("", BigDecimal.ONE, Optional.empty()),
                        "feature must have 1 to 128 characters, was empty"),
                refusal(() -> Benefit.unlock(API_ACCESS, Duration.ZERO), "length must be positive, was PT0S"),
                refusal(() -> Benefit.unlock(API_ACCESS, Duration.ofDays(-1)), "length must be positive, was PT-24H"),
                refusal(
                        () -> Benefit.unlock(API_ACCESS, Duration.ofMillis(1500)),
                        "length must be whole seconds, was PT1.5S"),
                refusal(
                        () -> Benefit.unlock(API_ACCESS, Duration.ofDays(36_501)),
                        "length must be at most 100 years (PT876000H), was PT876024H"),
                refusal(() -> Benefit.discount(0, 1), "percent must be 1 to 100, was 0"),
                refusal(() -> Benefit.discount(101, 1), "percent must be 1 to 100, was 101"),
                refusal(() -> Benefit.discount(1, 0), "months must be 1 to 1200, was 0"),
                refusal(() -> Benefit.discount(1, 1201), "months must be 1 to 1200, was 1201"),
                refusal(() -> Benefit.accountCredit(0, "USD"), "money must be positive, was USD 0.00"),
                refusal(() -> Benefit.accountCredit(Money.minor("USD", -1)), "money must be positive, was USD -0.01"),
                refusal(() -> Benefit.custom("\t", Map.of()), "type must not be blank, was \"\t\""),
                refusal(() -> Benefit.custom("x", Map.of(" ", "")), "name of a detail must not be blank, was \" \""),
                refusal(
                        () -> Benefit.custom("x", Map.of("note", "a\0")),
                        "detail \"note\" must not contain the character U+0000, at index 1"));
    }

    private static Arguments refusal(ThrowingCallable call, String message) {
        return arguments(call, message);
    }

    @ParameterizedTest
    @MethodSource("refusals")
    void whatIsWrongIsSaid(ThrowingCallable call, String message) {
        assertThatThrownBy(call).isInstanceOf(IllegalArgumentException.class).hasMessage(message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "[]|$ must be an object, was a list",
                "null|$ must be an object, was null",
                "{}|kind is missing",
                "{\"kind\":\"gift\"}|kind must be one of \"trial_days\", \"credit\", \"unlock\", \"discount\", \"account_credit\", \"custom\"; was \"gift\"",
                "{\"kind\":null}|kind must be one of \"trial_days\", \"credit\", \"unlock\", \"discount\", \"account_credit\", \"custom\"; was null",
                "{\"kind\":\"trial_days\"}|days is missing",
                "{\"kind\":\"trial_days\",\"days\":\"3\"}|days must be a whole number that is not too large, was \"3\"",
                "{\"kind\":\"trial_days\",\"days\":3.0}|days must be a whole number that is not too large, was 3.0",
                "{\"kind\":\"trial_days\",\"days\":4294967297}|days must be a whole number that is not too large, was 4294967297",
                "{\"kind\":\"trial_days\",\"days\":0}|days must be 1 to 36500, was 0",
                "{\"kind\":\"trial_days\",\"days\":1,\"plan\":7}|plan must be text, was 7",
                "{\"kind\":\"trial_days\",\"days\":1,\"percent\":7}|percent is unknown; known here are kind, plan, days",
                "{\"kind\":\"trial_days\",\"days\":1,\"it's \\n\":7}|['it\\u0027s\\u0020\\u000A'] is unknown; known here are kind, plan, days",
                "{\"kind\":\"credit\",\"feature\":\"x\",\"amount\":1.5}|amount must be a whole number, or a decimal in quotes such as \"1.5\"; was 1.5",
                "{\"kind\":\"credit\",\"feature\":\"x\",\"amount\":\"-1\"}|amount must be positive, was -1",
                "{\"kind\":\"credit\",\"feature\":\"x\",\"amount\":1,\"validFor\":\"P1M\"}|validFor must be a duration in days, hours, minutes and seconds such as \"P14D\" or \"PT36H\", was \"P1M\"",
                "{\"kind\":\"credit\",\"feature\":\"\",\"amount\":1}|feature must have 1 to 128 characters, was empty",
                "{\"kind\":\"unlock\",\"feature\":\"x\",\"length\":\"PT0S\"}|length must be positive, was PT0S",
                "{\"kind\":\"discount\",\"percent\":101,\"months\":1}|percent must be 1 to 100, was 101",
                "{\"kind\":\"account_credit\",\"money\":5}|money must be text, was 5",
                "{\"kind\":\"account_credit\",\"money\":\"5 USD\"}|money must be a currency and an amount such as \"USD 19.00\", was \"5 USD\"",
                "{\"kind\":\"account_credit\",\"money\":\"ABC 5\"}|money is not valid: currency must be a code of ISO 4217 such as \"USD\", was \"ABC\"",
                "{\"kind\":\"account_credit\",\"money\":\"USD 0\"}|money must be positive, was USD 0.00",
                "{\"kind\":\"custom\"}|type is missing",
                "{\"kind\":\"custom\",\"type\":\"x\",\"details\":[]}|details must be an object, was a list",
                "{\"kind\":\"custom\",\"type\":\"x\",\"details\":{\"a\":1}}|details.a must be text, was 1"
            })
    void aBadTextIsRefusedWithThePath(String json, String message) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Benefit.parse(json))
                .withMessage(message);
    }

    @Test
    void whatIsNotJsonOrThereTwiceIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Benefit.parse("{"))
                .withMessageStartingWith("$ must be a benefit in JSON: Unexpected end-of-input");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Benefit.parse("{\"kind\":\"trial_days\",\"days\":1,\"days\":2}"))
                .withMessageContaining("Duplicate")
                .withMessageContaining("days");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Benefit.parse("{\"kind\":\"trial_days\",\"days\":1} {}"))
                .withMessageStartingWith("$ must be a benefit in JSON: ");
    }

    @Test
    void furtherProblemsAreSuppressed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Benefit.parse("{\"kind\":\"discount\",\"per\":1,\"months\":\"\"}"))
                .withMessage("per is unknown; known here are kind, percent, months")
                .satisfies(refusal -> assertThat(refusal.getSuppressed())
                        .extracting(Throwable::getMessage)
                        .containsExactly(
                                "percent is missing", "months must be a whole number that is not too large, was \"\""));
    }

    @Test
    void detailsAreCopiedAndSorted() {
        var details = new HashMap<String, String>(Map.of("b", "2", "a", "1"));
        Benefit.Custom custom = Benefit.custom("x", details);
        details.put("c", "3");
        assertThat(custom.details()).containsExactly(Map.entry("a", "1"), Map.entry("b", "2"));
        assertThatThrownBy(() -> custom.details().put("d", "4")).isInstanceOf(UnsupportedOperationException.class);
    }
}
