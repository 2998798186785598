package io.plg.fraud;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Locale;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.junit.jupiter.api.Test;

class EmailAddressTest {

    private static EmailAddress address(String text) {
        return EmailAddress.parse(text).orElseThrow(() -> new AssertionError("no address: " + text));
    }

    private static String canonical(String text) {
        return address(text).canonical();
    }

    @Test
    void theAliasesOfOneMailboxAreEqual() {
        List<String> aliases = List.of(
                "janedoe@gmail.com",
                "JaneDoe@gmail.com",
                "janedoe@GMAIL.COM",
                "jane.doe@gmail.com",
                "j.a.n.e.d.o.e@gmail.com",
                "janedoe@googlemail.com",
                "Jane.Doe@GoogleMail.com",
                "janedoe+shop@gmail.com",
                "jane.doe+a.b+c@googlemail.com",
                "janedoe+@gmail.com",
                "  janedoe@gmail.com",
                "janedoe@gmail.com\t",
                "\u00a0janedoe@gmail.com\u3000",
                "\"janedoe\"@gmail.com",
                "\"jane.doe\"@gmail.com",
                "\"jane\\doe\"@gmail.com",
                "\"janedoe+x\"@gmail.com",
                "(work)janedoe@gmail.com",
                "janedoe(home)@gmail.com",
                "janedoe@gmail.com(mail)",
                "ｊａｎｅｄｏｅ@gmail.com",
                "janedoe＠gmail.com",
                "janedoe@ｇｍａｉｌ.com",
                "janedoe@gmail。com",
                "janedoe@gmail．com",
                "𝓳anedoe@gmail.com");
        assertThat(aliases).hasSizeGreaterThan(20);
        assertThat(aliases).allSatisfy(alias -> assertThat(canonical(alias)).isEqualTo("janedoe@gmail.com"));
    }

    @Test
    void addressesOfOtherPeopleOnlyLookAlike() {
        List<String> others = List.of(
                "janedoe@gmail.com",
                "janedo@gmail.com",
                "jane_doe@gmail.com",
                "jane-doe@gmail.com",
                "janedoe1@gmail.com",
                "janedoe@gmail.co",
                "janedoe@mail.gmail.com",
                "janedoe@outlook.com",
                "jane.doe@outlook.com",
                "jane-doe@outlook.com",
                "janedoe@hotmail.com",
                "janedoe@live.com",
                "janedoe@yahoo.com",
                "jane.doe@yahoo.com",
                "janedoe@ymail.com",
                "janedoe@yahoo.co.uk",
                "janedoe@example.com",
                "jane.doe@example.com",
                "jane-doe@example.com",
                "jane_doe@example.com",
                "janedoe@example.org",
                "janedoé@example.com",
                "jаnedoe@example.com", // the second letter is Cyrillic
                "\"jane doe\"@example.com",
                "janedoe@fastmail.com",
                "janedoe@fastmail.fm",
                "janedoe@mail.example.com");
        assertThat(others.stream().map(EmailAddressTest::canonical)).doesNotHaveDuplicates();
    }

    @Test
    void theDomainsOfOneMailboxAreOne() {
        assertThat(List.of("jo@protonmail.com", "jo@proton.me", "jo@pm.me", "jo@protonmail.ch", "JO+x@PM.me"))
                .allSatisfy(each -> assertThat(canonical(each)).isEqualTo("jo@proton.me"));
        assertThat(List.of("jo@icloud.com", "jo@me.com", "jo@mac.com"))
                .allSatisfy(each -> assertThat(canonical(each)).isEqualTo("jo@icloud.com"));
        assertThat(List.of("jo@yandex.com", "jo@ya.ru", "jo@yandex.ru"))
                .allSatisfy(each -> assertThat(canonical(each)).isEqualTo("jo@yandex.ru"));
    }

    @Test
    void aTagIsWhatTheProviderTakesForOne() {
        assertThat(canonical("jo-shop@yahoo.com")).isEqualTo("jo@yahoo.com");
        assertThat(canonical("jo-shop@yahoo.co.uk")).isEqualTo("jo@yahoo.co.uk");
        assertThat(canonical("jo-shop@example.com")).isEqualTo("jo-shop@example.com");
        assertThat(canonical("shop@jo.fastmail.com")).isEqualTo("jo@fastmail.com");
        assertThat(canonical("shop@jo.fastmail.fm")).isEqualTo("jo@fastmail.fm");
        assertThat(canonical("shop@jo.example.com")).isEqualTo("shop@jo.example.com");
        assertThat(canonical("shop@a.jo.fastmail.com")).isEqualTo("shop@a.jo.fastmail.com");
    }

    @Test
    void aNameThatIsNothingButATagStays() {
        assertThat(canonical("+shop@example.com")).isEqualTo("+shop@example.com");
        assertThat(canonical("-shop@yahoo.com")).isEqualTo("-shop@yahoo.com");
        assertThat(canonical("\".\"@gmail.com")).isEqualTo("\".\"@gmail.com");
    }

    @Test
    void aNameThatNeedsQuotesKeepsThem() {
        assertThat(canonical("\"Jane Doe\"@example.com")).isEqualTo("\"jane doe\"@example.com");
        assertThat(canonical("\"a\\\"b\"@example.com")).isEqualTo("\"a\\\"b\"@example.com");
        assertThat(canonical("\"a@b\"@example.com")).isEqualTo("\"a@b\"@example.com");
    }

    @Test
    void internationalDomainsAreTheirALabels() {
        assertThat(address("jo@BÜCHER.example").domain()).isEqualTo("xn--bcher-kva.example");
        assertThat(address("jo@bu\u0308cher.example")).isEqualTo(address("jo@xn--bcher-kva.example"));
        assertThat(address("jo@bücher.example")).isNotEqualTo(address("jo@bucher.example"));
    }

    @Test
    void theDomainIsTheOneThatWasWritten() {
        assertThat(address("jo@GoogleMail.com").domain()).isEqualTo("googlemail.com");
        assertThat(address("shop@jo.fastmail.com").domain()).isEqualTo("jo.fastmail.com");
    }

    @Test
    void whatIsNoAddressIsEmpty() {
        assertThat(List.of(
                        "",
                        " ",
                        "jo",
                        "@example.com",
                        "jo@",
                        "jo@example",
                        "jo@localhost",
                        "jo@[192.0.2.1]",
                        "jo@[IPv6:2001:db8::1]",
                        "jo@192.0.2.1",
                        "Jo <jo@example.com>",
                        "<jo@example.com>",
                        "@relay.example:jo@example.com",
                        "jo@@example.com",
                        "jo..doe@example.com",
                        ".jo@example.com",
                        "jo.@example.com",
                        "jo doe@example.com",
                        "jo@exa mple.com",
                        "jo@-example.com",
                        "jo@example-.com",
                        "jo@exa_mple.com",
                        "jo@example..com",
                        "jo@example.com.",
                        "\"\"@example.com",
                        "\"a\".\"b\"@example.com",
                        "a.\"b\"@example.com",
                        "j\u200bo@example.com",
                        "jo\u0000@example.com",
                        "jo\n@example.com",
                        "jo\ud800@example.com",
                        "jo@example.com,al@example.com"))
                .allSatisfy(text -> assertThat(EmailAddress.parse(text)).isEmpty());
    }

    @Test
    void lengthsAreLimited() {
        assertThat(EmailAddress.parse("a".repeat(64) + "@example.com")).isPresent();
        assertThat(EmailAddress.parse("a".repeat(65) + "@example.com")).isEmpty();
        assertThat(EmailAddress.parse("é".repeat(32) + "@example.com")).isPresent();
        assertThat(EmailAddress.parse("é".repeat(33) + "@example.com")).isEmpty();
        assertThat(EmailAddress.parse("a@" + "b".repeat(63) + ".com")).isPresent();
        assertThat(EmailAddress.parse("a@" + "b".repeat(64) + ".com")).isEmpty();
        String longest = "a@" + "b.".repeat(124) + "comm";
        assertThat(longest).hasSize(254);
        assertThat(EmailAddress.parse(longest)).isPresent();
        assertThat(EmailAddress.parse("a" + longest)).isEmpty();
        assertThat(EmailAddress.parse("(".repeat(100_000))).isEmpty();
        assertThat(EmailAddress.parse("(".repeat(900) + "@example.com")).isEmpty();
        assertThat(EmailAddress.parse("\ufdfa".repeat(900) + "@example.com")).isEmpty();
    }

    @Test
    void itsTextHidesTheName() {
        assertThat(address("jane@example.com")).hasToString("an e-mail address at example.com");
    }

    @Property
    void decorationsChangeNothing(
            @ForAll("names") String name, @ForAll("hosts") String host, @ForAll("names") String tag) {
        String plain = name + "@" + host;
        EmailAddress expected = address(plain);
        assertThat(address(plain.toUpperCase(Locale.ROOT))).isEqualTo(expected).hasSameHashCodeAs(expected);
        assertThat(address(" " + plain + " ")).isEqualTo(expected);
        assertThat(address(name + "+" + tag + "@" + host)).isEqualTo(expected);
        assertThat(address("\"" + name + "\"@" + host)).isEqualTo(expected);
        assertThat(address("(" + tag + ")" + plain)).isEqualTo(expected);
        assertThat(address(expected.canonical())).isEqualTo(expected);
    }

    @Property
    void atAnOrdinaryHostOtherNamesAreOtherPeople(@ForAll("names") String one, @ForAll("names") String other) {
        assertThat(address(one + "@example.com").equals(address(other + "@example.com")))
                .isEqualTo(one.equals(other));
    }

    @Property
    void anyTextIsReadOrRefusedAndReadAgainAsItself(@ForAll("texts") String text) {
        EmailAddress.parse(text)
                .ifPresent(address -> assertThat(canonical(address.canonical())).isEqualTo(address.canonical()));
    }

    @Provide
    Arbitrary<String> names() {
        return Arbitraries.strings()
                .withChars("abcdef0123_.-")
                .ofMinLength(1)
                .ofMaxLength(12)
                .filter(name -> !name.startsWith(".") && !name.endsWith(".") && !name.contains(".."));
    }

    @Provide
    Arbitrary<String> hosts() {
        return Arbitraries.of(
                "gmail.com", "googlemail.com", "yahoo.com", "outlook.com", "me.com", "example.com", "a.b.example");
    }

    @Provide
    Arbitrary<String> texts() {
        return Arbitraries.strings()
                .withChars("aBéßİςΣﬁ.+-@\"\\ ()<>[]:,Ⅷ１。")
                .ofMaxLength(10)
                .flatMap(name -> Arbitraries.of("@example.com", "@gmail.com", "@yahoo.com", "@x.fastmail.com", "")
                        .map(host -> name + host));
    }
}
