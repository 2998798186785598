package io.plg.reward;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Currency;
import java.util.Locale;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MoneyTest {
    private static final long MAX = 1_000_000_000_000_000_000L;

    @Test
    void minorUnitsComeAfterTheCurrencyAndWholeUnitsBeforeIt() {
        assertThat(Money.minor("USD", 1900)).isEqualTo(Money.of(19, "USD")).isEqualTo(Money.parse("USD 19.00"));
        assertThat(Money.of(19, "JPY")).isEqualTo(Money.minor("JPY", 19));
        assertThat(Money.of(19, "KWD")).isEqualTo(Money.minor("KWD", 19_000));
        assertThat(Money.of(19, "XXX")).isEqualTo(Money.minor("XXX", 19));
        assertThat(Money.minor("USD", 1905).amount()).isEqualTo(new BigDecimal("19.05"));
    }

    @ParameterizedTest
    @CsvSource({
        "USD 19, USD 19.00",
        "USD 19.5, USD 19.50",
        "USD -0.01, USD -0.01",
        "USD 0, USD 0.00",
        "USD 1.500, USD 1.50",
        "JPY 7.0, JPY 7",
        "KWD 0.125, KWD 0.125"
    })
    void itIsReadAsItIsWritten(String text, String written) {
        assertThat(Money.parse(text)).hasToString(written);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "", "USD", "19", "USD19", "usd 19", "USD  19", "USD 19 ", "USD +1", "USD 1,5", "USD .5", "USD 1.",
                "USD 1e3", "USD ١", "USD --1", "USD 1\n"
            })
    void anythingElseIsRefused(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Money.parse(text))
                .withMessage("money must be a currency and an amount such as \"USD 19.00\", was \"" + text + "\"");
    }

    @Test
    void whatTheCurrencyDoesNotHaveIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Money.parse("USD 1.005"))
                .withMessage("money in USD must have at most 2 decimals, was 1.005");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Money.parse("JPY 1.5"))
                .withMessage("money in JPY must be whole, was 1.5");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Money.of(1, "ABC"))
                .withMessage("currency must be a code of ISO 4217 such as \"USD\", was \"ABC\"");
    }

    @Test
    void thereIsAnEndToIt() {
        assertThat(Money.minor("USD", -MAX)).hasToString("USD -10000000000000000.00");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Money.minor("USD", MAX + 1))
                .withMessage("money must be at most 10^18 minor units, was 1000000000000000001 of USD");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Money.minor("USD", Long.MIN_VALUE))
                .withMessage("money must be at most 10^18 minor units, was -9223372036854775808 of USD");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Money.of(Long.MAX_VALUE, "USD"))
                .withMessage("money in USD must be at most 10^16, was 9223372036854775807");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Money.minor("USD", MAX).plus(Money.minor("USD", MAX)))
                .withMessage("money must be at most 10^18 minor units, was 2000000000000000000 of USD");
    }

    @Test
    void currenciesAreNotMixed() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Money.of(1, "USD").plus(Money.of(1, "EUR")))
                .withMessage("currency must be USD to add it to or from USD 1.00, was EUR 1.00; convert it first");
        assertThatIllegalArgumentException().isThrownBy(() -> Money.of(1, "USD").minus(Money.of(1, "EUR")));
    }

    @Property
    void sumsAreThoseOfWholeNumbers(@ForAll("monies") Money one, @ForAll("monies") Money other) {
        BigInteger a = BigInteger.valueOf(one.minorUnits());
        BigInteger b = BigInteger.valueOf(other.minorUnits());
        Currency currency = one.currency();
        var same = new Money(other.minorUnits(), currency);
        if (a.add(b).abs().compareTo(BigInteger.valueOf(MAX)) <= 0) {
            assertThat(one.plus(same)).isEqualTo(new Money(a.add(b).longValueExact(), currency));
        }
        if (a.subtract(b).abs().compareTo(BigInteger.valueOf(MAX)) <= 0) {
            assertThat(one.minus(same)).isEqualTo(new Money(a.subtract(b).longValueExact(), currency));
        }
        assertThat(one.signum()).isEqualTo(a.signum());
    }

    @Property
    void whatIsWrittenIsReadEverywhere(@ForAll("monies") Money money) {
        Locale before = Locale.getDefault();
        try {
            Locale.setDefault(Locale.forLanguageTag("ar-EG-u-nu-arab"));
            assertThat(Money.parse(money.toString())).isEqualTo(money);
        } finally {
            Locale.setDefault(before);
        }
    }

    @Provide
    Arbitrary<Money> monies() {
        return AnyRewards.monies();
    }
}
