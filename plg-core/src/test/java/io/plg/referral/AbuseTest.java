package io.plg.referral;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.Plg;
import io.plg.SettableClock;
import io.plg.activation.ActivationFunnel;
import io.plg.activation.Step;
import io.plg.referral.Attribution.Reason;
import io.plg.reward.Benefit;
import io.plg.reward.Money;
import io.plg.reward.Reward;
import io.plg.reward.RewardCap;
import io.plg.reward.RewardRule;
import io.plg.reward.RewardState;
import io.plg.reward.Stage;
import java.math.BigDecimal;
import java.net.URI;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What people do who want rewards for nothing. */
class AbuseTest {
    private static final String ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
    private static final int CAP = 5;
    private static final Step EXPORTED = Step.of("first_export_completed");
    private static final ActivationFunnel ONBOARDING =
            ActivationFunnel.named("onboarding").aha(EXPORTED).build();
    private static final ReferralProgram FRIENDS = ReferralProgram.named("friends")
            .link("https://app.example.org/join")
            .reward(RewardRule.on(Stage.ACTIVATION)
                    .referrer(Benefit.accountCredit(20, "USD"))
                    .referred(Benefit.accountCredit(5, "USD"))
                    .cap(RewardCap.perReferrer(CAP))
                    .build())
            .build();

    private final SettableClock clock = SettableClock.at("2026-04-12T08:00:00Z");
    private final Plg plg = Plg.inMemory()
            .funnel(ONBOARDING)
            .program(FRIENDS)
            .settleRewardsEvery(Duration.ZERO)
            .clock(clock)
            .build();

    @AfterEach
    void close() {
        plg.close();
    }

    // ---- oneself by another name

    @ParameterizedTest
    @ValueSource(
            strings = {
                "ada.lovelace@gmail.com",
                "ADA.LOVELACE@GMAIL.COM",
                "adalovelace@gmail.com",
                "a.d.a.l.o.v.e.l.a.c.e@gmail.com",
                "ada.lovelace+1@gmail.com",
                "ada.lovelace+@gmail.com",
                "ada.lovelace+a+b@gmail.com",
                "ada.lovelace+x.y@gmail.com",
                "AdaLovelace+Plg@GoogleMail.com",
                "ada.lovelace@googlemail.com",
                "a.dalovelace+7@googlemail.com",
                " ada.lovelace@gmail.com ",
                "\tada.lovelace@gmail.com\n",
                "\"ada.lovelace\"@gmail.com",
                "\"adalovelace\"@googlemail.com",
                "\"ada.lovelace+1\"@gmail.com",
                "\"ada\\.lovelace\"@gmail.com",
                "ａｄａ.lovelace@gmail.com",
                "ada.lovelace@ｇｍａｉｌ.com",
                "ada.lovelace@gmail。com",
                "ada.lovelace@GMAIL．COM",
                "ada.lovelace＋2@gmail.com",
                "ada․lovelace@gmail.com",
                "𝐚𝐝𝐚.lovelace@gmail.com"
            })
    void anotherFormOfTheReferrersAddressIsTheReferrer(String alias) {
        String code = plg.workspace("acme")
                .referrals()
                .linkOf(User.of("ada").email("ada.lovelace@gmail.com"))
                .code();

        assertThat(plg.signUps().attribute(code, NewUser.of("x").email(alias)).reason())
                .contains(Reason.SELF_REFERRAL);
    }

    @ParameterizedTest
    @ValueSource(strings = {"ada.lovelace2@gmail.com", "ada.lovelace@example.org", "lovelace@gmail.com"})
    void anotherMailboxIsNotTheReferrer(String other) {
        String code = plg.workspace("acme")
                .referrals()
                .linkOf(User.of("ada").email("ada.lovelace@gmail.com"))
                .code();

        assertThat(plg.signUps().attribute(code, NewUser.of("x").email(other)).attributed())
                .isTrue();
    }

    // ---- a farm

    @Test
    void aThousandAccountsOfTenDevicesEarnNoMoreThanTheCapOfEachDevice() {
        int devices = 10;
        var random = new Random(3);
        var codes = new ArrayList<String>();
        for (int i = 0; i < devices; i++) {
            codes.add(link("bot" + i, "device" + i));
        }
        int attributed = 0;
        for (int i = devices; i < 1_000; i++) {
            String device = "device" + i % devices;
            // Of an account of another device, and sometimes of its own.
            String code = codes.get(random.nextInt(codes.size()));
            if (plg.signUps()
                    .attribute(code, NewUser.of("bot" + i).device(device).ip("203.0.113." + i % devices))
                    .attributed()) {
                attributed++;
            }
            plg.workspace("w" + i).activation(ONBOARDING).complete("bot" + i, EXPORTED);
            codes.add(link("bot" + i, device));
            clock.advance(Duration.ofMinutes(1));
        }

        long given = 0;
        long flagged = 0;
        for (int i = 0; i < 1_000; i++) {
            List<Reward> rewards =
                    new ArrayList<>(plg.workspace("acme").rewards().of("bot" + i));
            rewards.addAll(plg.workspace("w" + i).rewards().of("bot" + i));
            given += rewards.stream()
                    .filter(each -> each.state() == RewardState.ISSUED)
                    .count();
            flagged += rewards.stream()
                    .filter(each -> each.state() == RewardState.FLAGGED)
                    .count();
        }
        assertThat(attributed)
                .as("the farm is not noticed by its sign-ups failing")
                .isGreaterThan(500);
        assertThat(flagged).isGreaterThan(500);
        // The standard policy lets three accounts of a device be bound, and each binding earns two rewards.
        long capOfADevice = 3 * 2;
        assertThat(given).isLessThanOrEqualTo(capOfADevice * devices);
    }

    private String link(String user, String device) {
        return plg.workspace("acme")
                .referrals()
                .linkOf(User.of(user).device(device))
                .code();
    }

    // ---- guesses

    @Test
    void nobodyGuessesACode() {
        for (int i = 0; i < 20; i++) {
            plg.workspace("acme").referrals().linkOf("ada" + i);
        }
        var random = new Random(5);
        int limited = 0;
        for (int i = 0; i < 100_000; i++) {
            // Fifty guesses of each address, of which twenty are looked up.
            NewUser guesser = NewUser.of("bob").ip("10." + i / 50 / 250 + "." + i / 50 % 250 + ".7");
            Reason reason =
                    plg.signUps().attribute(guess(random), guesser).reason().orElseThrow();
            limited += reason == Reason.RATE_LIMITED ? 1 : 0;
            assertThat(reason).isIn(Reason.UNKNOWN_CODE, Reason.RATE_LIMITED);
        }
        assertThat(limited).isEqualTo(60_000);

        for (int i = 0; i < 900_000; i++) {
            assertThat(plg.signUps()
                            .attribute(guess(random), NewUser.of("bob").ip("10.99.0.7"))
                            .attributed())
                    .isFalse();
        }
    }

    @Test
    void whoIsLimitedCannotTellAHitFromAMissAndOthersAreNotLimited() {
        String code = plg.workspace("acme").referrals().linkOf("ada").code();
        var random = new Random(6);
        NewUser guesser = NewUser.of("bob").ip("203.0.113.7");
        for (int i = 0; i < 20; i++) {
            assertThat(plg.signUps().attribute(guess(random), guesser).reason()).contains(Reason.UNKNOWN_CODE);
        }

        Attribution miss = plg.signUps().attribute(guess(random), guesser);
        assertThat(miss.reason()).contains(Reason.RATE_LIMITED);
        assertThat(plg.signUps().attribute(code, guesser)).isEqualTo(miss);
        Visitor visitor = Visitor.from("203.0.113.7");
        assertThat(plg.signUps().visit(code, visitor)).isEqualTo(plg.signUps().visit(guess(random), visitor));
        assertThat(plg.signUps().visit(code, visitor).isKnown()).isFalse();
        assertThat(plg.signUps().visit(code, Visitor.from("203.0.113.8")).isKnown())
                .isTrue();
        clock.advance(Duration.ofMinutes(2));
        assertThat(plg.signUps().attribute(code, guesser).attributed()).isTrue();
    }

    private static String guess(Random random) {
        var code = new StringBuilder();
        for (int i = 0; i < 8; i++) {
            code.append(ALPHABET.charAt(random.nextInt(ALPHABET.length())));
        }
        return code.toString();
    }

    @Test
    void codesAreSpreadOverTheWholeAlphabet() {
        var seen = new HashSet<Character>();
        var codes = new HashSet<String>();
        for (int i = 0; i < 500; i++) {
            String code = plg.workspace("acme").referrals().linkOf("u" + i).code();
            codes.add(code);
            code.chars().forEach(c -> seen.add((char) c));
        }
        assertThat(codes).hasSize(500);
        assertThat(seen).hasSize(ALPHABET.length());
    }

    // ---- links that lead elsewhere

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                " ",
                "welcome",
                "https://evil.example",
                "HTTPS://evil.example",
                "http:evil.example",
                "//evil.example",
                "///evil.example",
                "////evil.example",
                "/\\evil.example",
                "\\\\evil.example",
                "\\/evil.example",
                "/\\/evil.example",
                "/\t/evil.example",
                "/\n/evil.example",
                "/\r\n/evil.example",
                " //evil.example",
                "\u0000//evil.example",
                "/%2f/evil.example",
                "/%2fevil.example",
                "/%2F%2Fevil.example",
                "/%5cevil.example",
                "/%5C%5Cevil.example",
                "/%252fevil.example",
                "/%25252f%25252fevil.example",
                "/%09/evil.example",
                "/%0a/evil.example",
                "/%0d%0aLocation:%20https://evil.example",
                "/%00/evil.example",
                "/.//evil.example",
                "/./%2fevil.example",
                "/..//evil.example",
                "/../evil",
                "/a/..//evil.example",
                "/a/../../evil.example",
                "/%2e%2e//evil.example",
                "/a/%2e%2e/%2fevil.example",
                "/..;//evil.example",
                "/;/evil.example",
                "/a//evil.example",
                "javascript:alert(1)",
                "java\nscript:alert(1)",
                "data:text/html,x",
                "@evil.example",
                ".evil.example",
                "?next=//evil.example",
                "#//evil.example",
                "/%EF%BC%8Fevil.example",
                "/\uFF0Fevil.example",
                "/\u2028/evil.example",
                "/%2%66evil.example/%2%66",
                "/welcome here",
                "/%zz"
            })
    void whatLeadsElsewhereIsNotFollowed(String next) {
        ReferralLink link = plg.workspace("acme").referrals().linkOf("ada");

        assertThat(ReferralLink.safeNext(next, "/home")).isEqualTo("/home");
        assertThatThrownBy(() -> link.uri(next))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("next must be a path");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "/",
                "/welcome",
                "/welcome/",
                "/templates/42?tab=preview",
                "/a.b/c..d/...",
                "/a/.well-known/x",
                "/search?q=a//b&u=https://example.org/",
                "/a#b/c",
                "/caf%C3%A9/100%25",
                "/a;v=1/b",
                "/~ada/@home/(1)!$'*,=:",
                "/x?a[0]=1",
                "/x+y"
            })
    void aPathOfTheSiteIsFollowed(String next) {
        assertThat(ReferralLink.safeNext(next, "/home")).isEqualTo(next);
        assertThat(URI.create("https://app.example.org/")
                        .resolve(next.replace("[", "%5B").replace("]", "%5D"))
                        .getHost())
                .isEqualTo("app.example.org");
        assertThat(plg.workspace("acme").referrals().linkOf("ada").uri(next).getHost())
                .isEqualTo("app.example.org");
    }

    @Test
    void nothingAtAllOrMoreThanAnybodyNeedsIsNotFollowed() {
        assertThat(ReferralLink.safeNext(null, "/home")).isEqualTo("/home");
        assertThat(ReferralLink.safeNext("/" + "a".repeat(1_999), "/home")).hasSize(2_000);
        assertThat(ReferralLink.safeNext("/" + "a".repeat(2_000), "/home")).isEqualTo("/home");
        assertThat(ReferralLink.safeNext("/%" + "25".repeat(600) + "2fevil.example", "/home"))
                .isEqualTo("/home");
    }

    // ---- more back than was given, and values that were made up

    @Test
    void whateverIsTakenBackTheBalanceStaysAboveZero() {
        var random = new Random(8);
        String code = plg.workspace("acme").referrals().linkOf("ada").code();
        for (int i = 0; i < CAP; i++) {
            plg.signUps().attribute(code, NewUser.of("u" + i));
            plg.workspace("globex").activation(ONBOARDING).complete("u" + i, EXPORTED);
        }
        for (int i = 0; i < 300; i++) {
            int user = random.nextInt(CAP);
            if (random.nextInt(4) == 0) {
                plg.workspace("acme")
                        .rewards()
                        .spend(io.plg.UserId.of("ada"), Money.minor("USD", 1 + random.nextInt(500)));
            }
            plg.workspace("globex")
                    .referrals()
                    .refunded(
                            io.plg.UserId.of("u" + user),
                            Stage.ACTIVATION,
                            new BigDecimal(1 + random.nextInt(50)).movePointLeft(3));
            assertThat(plg.workspace("acme")
                            .rewards()
                            .balanceOf("ada")
                            .money("USD")
                            .minorUnits())
                    .isNotNegative();
            assertThat(plg.workspace("globex")
                            .rewards()
                            .balanceOf("u" + user)
                            .money("USD")
                            .minorUnits())
                    .isNotNegative();
        }
    }

    @Test
    void aTouchOfAnotherInstallationIsForged() {
        Plg other = Plg.inMemory().program(FRIENDS_WITHOUT_REWARDS).clock(clock).build();
        String mine = plg.workspace("acme").referrals().linkOf("ada").code();
        String theirs = other.workspace("acme").referrals().linkOf("ada").code();
        String touch = other.signUps().visit(theirs, Visitor.unknown()).touch().orElseThrow();

        assertThat(plg.signUps()
                        .attributeTouch(touch.replace(theirs, mine), NewUser.of("lin"))
                        .reason())
                .contains(Reason.FORGED);
        assertThat(plg.signUps().attributeTouch(touch, NewUser.of("lin")).attributed())
                .isFalse();
        other.close();
    }

    private static final ReferralProgram FRIENDS_WITHOUT_REWARDS =
            ReferralProgram.named("friends").withoutRewards().build();
}
