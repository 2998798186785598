package io.plg.fraud;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import io.plg.internal.Pepper;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class PepperTest {
    private static final byte[] SECRET = "0123456789abcdef".getBytes(StandardCharsets.UTF_8);

    private final Pepper pepper = Pepper.of(SECRET);

    @Test
    void aHashIsTheHmacOfKindAndValue() {
        // printf 'device\0abc' | openssl dgst -sha256 -hmac 0123456789abcdef -binary | basenc --base64url
        assertThat(pepper.device("abc")).isEqualTo("1AW9JmXQ_qqKho-DQQzHHdbJiaeaX5NKsnKlF070w8E");
    }

    @Test
    void anotherSecretOrKindIsAnotherHash() {
        Pepper other = Pepper.of("0123456789abcdeg".getBytes(StandardCharsets.UTF_8));
        assertThat(List.of(
                        pepper.hash("a", "bc"), pepper.hash("ab", "c"), pepper.hash("a", "bd"), other.hash("a", "bc")))
                .doesNotHaveDuplicates();
        assertThatIllegalArgumentException().isThrownBy(() -> pepper.hash("a\0b", "c"));
    }

    @Test
    void theAddressesOfOneMailboxHaveOneHash() {
        assertThat(pepper.email(EmailAddress.parse("Jane.Doe+x@googlemail.com").orElseThrow()))
                .isEqualTo(pepper.email(EmailAddress.parse("janedoe@gmail.com").orElseThrow()))
                .isNotEqualTo(pepper.device("janedoe@gmail.com"));
    }

    @Test
    void aNetworkIsOneCustomers() {
        for (String same : List.of(
                "192.0.2.1", " 192.0.2.1 ", "::ffff:192.0.2.1", "::FFFF:c000:201", "0:0:0:0:0:ffff:192.0.2.1")) {
            assertThat(Pepper.network(same)).contains("192.0.2.1");
        }
        for (String same :
                List.of("2001:db8:0:1::", "2001:DB8:0:1:ffff:ffff:ffff:ffff", "2001:0db8:0000:0001::7%eth0")) {
            assertThat(Pepper.network(same)).contains("2001:db8:0:1::/64");
        }
        assertThat(Pepper.network("2001:db8:0:2::1")).contains("2001:db8:0:2::/64");
        assertThat(Pepper.network("::1")).contains("0:0:0:0::/64");
        assertThat(pepper.ip("2001:db8::1")).isPresent().isEqualTo(pepper.ip("2001:db8::2"));
    }

    @Test
    void whatIsNoAddressHasNoNetwork() {
        assertThat(List.of(
                        "",
                        "localhost",
                        "example.com",
                        "256.0.0.1",
                        "1.2.3",
                        "1.2.3.4.5",
                        "01.2.3.4",
                        "1.2.3.4:80",
                        "::g",
                        ":::",
                        "1::2::3",
                        "[::1]",
                        "%",
                        "1:2:3",
                        "٣.1.1.1"))
                .allSatisfy(text -> {
                    assertThat(Pepper.network(text)).isEmpty();
                    assertThat(pepper.ip(text)).isEmpty();
                });
    }

    @Test
    void aSecretIsLongAndCopiedAndNotShown() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Pepper.of(new byte[15]))
                .withMessage("secret must have at least 16 bytes, had 15");
        byte[] secret = SECRET.clone();
        Pepper copy = Pepper.of(secret);
        secret[0]++;
        assertThat(copy.device("abc")).isEqualTo(pepper.device("abc"));
        assertThat(copy.toString()).isEqualTo("a pepper");
    }
}
