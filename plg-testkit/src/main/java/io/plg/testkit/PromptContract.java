package io.plg.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.Plg;
import io.plg.UserErased;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.gate.GateDecision;
import io.plg.gate.GateDecision.Amounts;
import io.plg.gate.Reason;
import io.plg.gate.Severity;
import io.plg.gate.Source;
import io.plg.gate.UpgradePrompt;
import io.plg.plan.Feature;
import io.plg.prompt.Prompt;
import io.plg.prompt.PromptConversion;
import io.plg.prompt.PromptPolicy;
import io.plg.prompt.PromptStore.Candidate;
import io.plg.prompt.PromptStore.Outcome;
import io.plg.prompt.PromptStore.Shown;
import io.plg.prompt.UpgradePrompts;
import io.plg.prompt.Variant;
import io.plg.stats.Rate;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** When prompts are shown and what is known of them afterwards, on every store. */
@SuppressWarnings("NullAway") // what is null against expectation fails the test, as it should
public abstract class PromptContract extends StoreContract {
    private static final Duration MICRO = Duration.ofNanos(1_000);
    private static final Comparator<Told> LATEST =
            Comparator.comparing((Told told) -> told.at).thenComparing(told -> told.id.toString());
    private static final PromptPolicy STANDARD = PromptPolicy.standard();

    /** Called by the adapter's test. */
    protected PromptContract() {}

    // ---- when a prompt is shown
    // ---------------------------------------------------------------------------------------------------

    @Test
    void aPromptComesBeforeAnybodyIsBlockedAndSaysWhatTheGateSaid() {
        UpgradePrompts prompts = acme(STANDARD);
        GateDecision decision = decision("exports", Severity.APPROACHING, "pro");

        assertThat(prompts.offer(user("ada"), decision("exports", Severity.OK, "pro")))
                .isEmpty();
        Prompt prompt = prompts.offer(user("ada"), decision).orElseThrow();

        assertThat(prompt)
                .isEqualTo(new Prompt(
                        prompt.id(),
                        user("ada"),
                        "exports",
                        Severity.APPROACHING,
                        Optional.empty(),
                        decision.upgrade(),
                        decision.message(),
                        clock().instant()));
        assertThat(shown(prompts)).isEqualTo(1);
    }

    @Test
    void aDecisionThatOffersNothingIsNoPrompt() {
        UpgradePrompts prompts = acme(STANDARD);

        assertThat(prompts.offer(user("ada"), decision("exports", Severity.BLOCKED, UpgradePrompt.NONE)))
                .isEmpty();
        assertThat(shown(prompts)).isZero();
        assertThat(prompts.offer(
                        user("ada"),
                        decision(
                                "exports",
                                Severity.BLOCKED,
                                new UpgradePrompt(
                                        Optional.empty(), Optional.empty(), "Talk to us.", Optional.empty()))))
                .as("no plan, and still something to say")
                .isPresent();
    }

    @Test
    void noUserIsShownMoreThanTheCapOfAllFeaturesAndTheWindowRolls() {
        UpgradePrompts prompts = acme(STANDARD);
        for (int i = 0; i < 3; i++) {
            assertThat(offered(prompts, "ada", "f" + i, Severity.APPROACHING)).isTrue();
            clock().advance(Duration.ofHours(1));
        }

        assertThat(offered(prompts, "ada", "f3", Severity.GRACE)).isFalse();
        assertThat(offered(prompts, "lin", "f3", Severity.GRACE))
                .as("another user")
                .isTrue();
        clock().advance(Duration.ofDays(7).minusHours(3).minus(MICRO));
        assertThat(offered(prompts, "ada", "f3", Severity.GRACE)).isFalse();
        clock().advance(MICRO);
        assertThat(offered(prompts, "ada", "f3", Severity.GRACE)).isTrue();
        assertThat(offered(prompts, "ada", "f4", Severity.GRACE))
                .as("only the first of them is a week old")
                .isFalse();
        assertThat(shown(prompts)).isEqualTo(5);
    }

    @Test
    void theNextPromptForAFeatureWaitsForTheCoolDown() {
        UpgradePrompts prompts = acme(STANDARD);
        assertThat(offered(prompts, "ada", "exports", Severity.AT_LIMIT)).isTrue();

        assertThat(offered(prompts, "ada", "exports", Severity.AT_LIMIT)).isFalse();
        assertThat(offered(prompts, "ada", "projects", Severity.AT_LIMIT))
                .as("another feature")
                .isTrue();
        assertThat(offered(prompts, "lin", "exports", Severity.AT_LIMIT))
                .as("another user")
                .isTrue();
        clock().advance(Duration.ofHours(24).minus(MICRO));
        assertThat(offered(prompts, "ada", "exports", Severity.APPROACHING)).isFalse();
        clock().advance(MICRO);
        assertThat(offered(prompts, "ada", "exports", Severity.APPROACHING)).isTrue();
    }

    @Test
    void whenItGetsWorseTheCoolDownDoesNotHoldAndTheCapDoes() {
        UpgradePrompts prompts = acme(STANDARD.atMost(2, Duration.ofDays(7)).alwaysWhenBlocked(false));

        assertThat(offered(prompts, "ada", "exports", Severity.APPROACHING)).isTrue();
        assertThat(offered(prompts, "ada", "exports", Severity.AT_LIMIT)).isTrue();
        assertThat(offered(prompts, "ada", "exports", Severity.APPROACHING))
                .as("better again")
                .isFalse();
        assertThat(offered(prompts, "ada", "exports", Severity.BLOCKED))
                .as("the third")
                .isFalse();
    }

    @Test
    void whoIsBlockedIsAlwaysToldAndByTheSamePromptWithinTheCoolDown() {
        UpgradePrompts prompts = acme(STANDARD.atMost(1, Duration.ofDays(7)));
        offered(prompts, "ada", "projects", Severity.APPROACHING);
        GateDecision decision = decision("exports", Severity.BLOCKED, "pro");

        Prompt first = prompts.offer(user("ada"), decision).orElseThrow();
        assertThat(prompts.dismissed(first.id())).isTrue();
        clock().advance(Duration.ofHours(24).minus(MICRO));
        Prompt again = prompts.offer(user("ada"), decision).orElseThrow();
        Prompt other = prompts.offer(user("ada"), decision("exports", Severity.BLOCKED, "business"))
                .orElseThrow();
        Prompt ofAnother = prompts.offer(user("lin"), decision).orElseThrow();
        clock().advance(MICRO);
        Prompt later = prompts.offer(user("ada"), decision).orElseThrow();

        assertThat(again).isEqualTo(first);
        assertThat(List.of(first.id(), other.id(), ofAnother.id(), later.id())).doesNotHaveDuplicates();
        assertThat(later.shownAt()).isEqualTo(clock().instant());
        assertThat(shown(prompts)).isEqualTo(5);
        assertThat(prompts.upgraded(later.id())).isTrue();
        assertThat(prompts.offer(user("ada"), decision).orElseThrow().id())
                .as("one that led to an upgrade is over")
                .isNotEqualTo(later.id());
    }

    @Test
    void whatBlockedUsersWereToldCountsTowardsTheCapOfTheOthers() {
        UpgradePrompts prompts = acme(STANDARD.atMost(2, Duration.ofDays(7)));
        offered(prompts, "ada", "exports", Severity.BLOCKED);
        offered(prompts, "ada", "projects", Severity.BLOCKED);

        assertThat(offered(prompts, "ada", "seats", Severity.APPROACHING)).isFalse();
        assertThat(offered(prompts, "ada", "seats", Severity.BLOCKED)).isTrue();
    }

    @Test
    void aDismissalHoldsBackWhatIsNoWorse() {
        UpgradePrompts prompts = acme(STANDARD.atMost(100, Duration.ofDays(1)).coolDown(Duration.ofHours(1)));
        Prompt prompt = offer(prompts, "ada", "exports", Severity.AT_LIMIT);
        clock().advance(Duration.ofDays(2));
        assertThat(prompts.dismissed(prompt.id())).isTrue();

        clock().advance(Duration.ofDays(7).minus(MICRO));
        assertThat(offered(prompts, "ada", "exports", Severity.AT_LIMIT)).isFalse();
        assertThat(offered(prompts, "ada", "exports", Severity.APPROACHING)).isFalse();
        assertThat(offered(prompts, "ada", "projects", Severity.AT_LIMIT)).isTrue();
        assertThat(offered(prompts, "lin", "exports", Severity.AT_LIMIT)).isTrue();
        assertThat(offered(prompts, "ada", "exports", Severity.GRACE))
                .as("worse")
                .isTrue();
        clock().advance(Duration.ofHours(2));
        assertThat(offered(prompts, "ada", "exports", Severity.AT_LIMIT)).isTrue();
    }

    @Test
    void aSnoozeHoldsBackEverythingAboutTheFeatureUntilItEnds() {
        UpgradePrompts prompts = acme(STANDARD.coolDown(Duration.ZERO).atMost(100, Duration.ofDays(7)));
        Prompt prompt = offer(prompts, "ada", "exports", Severity.APPROACHING);

        assertThat(prompts.snooze(prompt.id(), Duration.ofDays(40))).isTrue();
        assertThat(prompts.snooze(prompt.id(), Duration.ofDays(39)))
                .as("shorter")
                .isFalse();
        assertThat(prompts.snooze(prompt.id(), Duration.ofDays(40)))
                .as("as long")
                .isFalse();
        assertThat(prompts.snooze(prompt.id(), Duration.ofDays(41)))
                .as("longer")
                .isTrue();
        clock().advance(Duration.ofDays(41).minus(MICRO));
        assertThat(offered(prompts, "ada", "exports", Severity.BLOCKED)).isFalse();
        assertThat(offered(prompts, "ada", "projects", Severity.APPROACHING)).isTrue();
        assertThat(offered(prompts, "lin", "exports", Severity.APPROACHING)).isTrue();
        clock().advance(MICRO);
        assertThat(offered(prompts, "ada", "exports", Severity.APPROACHING)).isTrue();
        for (Duration wrong : List.of(Duration.ZERO, Duration.ofDays(-1), Duration.ofDays(366))) {
            assertThatThrownBy(() -> prompts.snooze(prompt.id(), wrong))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(wrong.toString());
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"1905-03-01T00:00:00.000001Z", "2038-01-19T03:14:07.999999Z", "2500-02-28T23:59:59.999999Z"})
    void timesAreExactInEveryCentury(String start) {
        clock().set(Instant.parse(start));
        UpgradePrompts prompts = acme(STANDARD);
        Prompt first = prompts.offer(user("ada"), blocked("exports")).orElseThrow();
        clock().advance(Duration.ofHours(24).minus(MICRO));
        Prompt again = prompts.offer(user("ada"), blocked("exports")).orElseThrow();
        clock().advance(MICRO);
        Prompt later = prompts.offer(user("ada"), blocked("exports")).orElseThrow();

        assertThat(again).isEqualTo(first);
        assertThat(first.shownAt()).isEqualTo(Instant.parse(start));
        assertThat(later.id()).isNotEqualTo(first.id());
        assertThat(prompts.conversions(first.shownAt(), later.shownAt()))
                .containsExactly(line("exports", "pro", 1, 0, 0, 0));
    }

    @Test
    void theTimingIsThatOfANaiveModel() {
        for (int seed = 0; seed < 6; seed++) {
            var random = new Random(seed);
            var model = new ArrayList<Told>();
            WorkspaceId where = workspace("model" + seed);
            for (int i = 0; i < 150; i++) {
                clock().advance(Duration.ofMinutes(random.nextInt(3) * random.nextInt(1_000)));
                Instant now = clock().instant();
                if (!model.isEmpty() && random.nextInt(3) == 0) {
                    Told told = model.get(random.nextInt(model.size()));
                    switch (random.nextInt(4)) {
                        case 0 -> {
                            boolean news = told.dismissedAt == null && told.upgradedAt == null;
                            assertThat(stores().prompts().mark(where, told.id, Outcome.DISMISSED, now))
                                    .isEqualTo(news);
                            told.dismissedAt = news ? now : told.dismissedAt;
                        }
                        case 1 -> {
                            Instant until = now.plus(Duration.ofHours(1 + random.nextInt(60)));
                            boolean longer = told.upgradedAt == null
                                    && (told.snoozedUntil == null || told.snoozedUntil.isBefore(until));
                            assertThat(stores().prompts().snooze(where, told.id, until))
                                    .isEqualTo(longer);
                            told.snoozedUntil = longer ? until : told.snoozedUntil;
                        }
                        case 2 -> {
                            boolean news = stores().prompts().mark(where, told.id, Outcome.UPGRADED, now);
                            assertThat(news).isEqualTo(told.upgradedAt == null);
                            told.upgradedAt = news ? now : told.upgradedAt;
                        }
                        default ->
                            assertThat(stores().prompts().markUpgraded(where, now.minus(Duration.ofDays(3)), now))
                                    .isEqualTo(upgraded(model, Duration.ofDays(3), now));
                    }
                } else {
                    var rules = new Rules(
                            1 + random.nextInt(4),
                            Duration.ofHours(1 + random.nextInt(200)),
                            Duration.ofHours(random.nextInt(60)),
                            Duration.ofHours(random.nextInt(100)),
                            random.nextBoolean());
                    var asked = new Told(
                            UUID.randomUUID(),
                            user("u" + random.nextInt(2)),
                            "f" + random.nextInt(2),
                            Severity.values()[1 + random.nextInt(4)],
                            random.nextBoolean() ? "pro" : null,
                            now);
                    Optional<UUID> expected = expected(model, asked, rules);
                    Optional<Shown> actual = stores().prompts()
                            .show(
                                    where,
                                    new Candidate(
                                            asked.id,
                                            asked.user,
                                            asked.feature,
                                            asked.severity,
                                            Optional.ofNullable(asked.plan),
                                            Optional.empty(),
                                            now,
                                            rules.policy().timing(asked.severity, now)));
                    assertThat(actual.map(Shown::id))
                            .as("seed %s, step %s", seed, i)
                            .isEqualTo(expected);
                    if (expected.equals(Optional.of(asked.id))) {
                        model.add(asked);
                    }
                }
            }
            assertThat(model).as("enough was shown to learn from").hasSizeGreaterThan(15);
        }
    }

    // ---- what became of it
    // ---------------------------------------------------------------------------------------------------

    @Test
    void whatBecameOfAPromptIsNotedOnceAndNothingAfterAnUpgrade() {
        UpgradePrompts prompts = acme(STANDARD);
        UUID prompt = offer(prompts, "ada", "exports", Severity.APPROACHING).id();

        assertThat(prompts.clicked(prompt)).isTrue();
        assertThat(prompts.clicked(prompt)).isFalse();
        assertThat(prompts.dismissed(prompt)).isTrue();
        assertThat(prompts.dismissed(prompt)).isFalse();
        assertThat(conversion(prompts, 0, 1)).isEqualTo(line("exports", "pro", 1, 1, 1, 0));
        assertThat(prompts.upgraded(prompt)).isTrue();
        assertThat(prompts.upgraded(prompt)).isFalse();

        UUID other = offer(prompts, "lin", "exports", Severity.APPROACHING).id();
        assertThat(prompts.upgraded(other)).isTrue();
        assertThat(prompts.clicked(other)).isFalse();
        assertThat(prompts.dismissed(other)).isFalse();
        assertThat(prompts.snooze(other, Duration.ofDays(1))).isFalse();
        assertThat(conversion(prompts, 0, 1)).isEqualTo(line("exports", "pro", 2, 1, 1, 2));
    }

    @Test
    void anIdThatIsUnknownOrOfAnotherWorkspaceIsNoNews() {
        Plg plg = plg(STANDARD);
        UpgradePrompts prompts = plg.workspace(workspace("acme")).prompts();
        UUID ours = offer(prompts, "ada", "exports", Severity.APPROACHING).id();
        UpgradePrompts others = plg.workspace(workspace("globex")).prompts();

        for (UUID id : List.of(ours, UUID.randomUUID())) {
            assertThat(others.clicked(id)).isFalse();
            assertThat(others.dismissed(id)).isFalse();
            assertThat(others.upgraded(id)).isFalse();
            assertThat(others.snooze(id, Duration.ofDays(1))).isFalse();
        }
        assertThat(others.conversions(Instant.MIN, Instant.MAX)).isEmpty();
        assertThat(conversion(prompts, 0, 1)).isEqualTo(line("exports", "pro", 1, 0, 0, 0));
        assertThat(offered(others, "ada", "exports", Severity.APPROACHING))
                .as("the same user elsewhere")
                .isTrue();
    }

    @Test
    void conversionsTellFeaturesPlansAndVariantsApart() {
        Plg plg = plg(STANDARD.coolDown(Duration.ZERO)
                .dismissedFor(Duration.ZERO)
                .atMost(1_000, Duration.ofDays(7))
                .experiment("wording", Map.of("plain", 1, "bold", 1)));
        UpgradePrompts prompts = plg.workspace(workspace("acme")).prompts();
        var expected = new ArrayList<PromptConversion>();
        for (String feature : List.of("exports", "projects")) {
            for (String plan : List.of("business", "pro")) {
                var counts = new long[2][4];
                for (int i = 0; i < 12; i++) {
                    Prompt prompt = prompts.offer(user("u" + i), decision(feature, Severity.GRACE, plan))
                            .orElseThrow();
                    Variant variant = prompt.variant().orElseThrow();
                    assertThat(variant.experiment()).isEqualTo("wording");
                    long[] of = counts[variant.name().equals("bold") ? 0 : 1];
                    of[0]++;
                    of[1] += i % 2 == 0 && prompts.clicked(prompt.id()) ? 1 : 0;
                    of[2] += i % 3 == 0 && prompts.dismissed(prompt.id()) ? 1 : 0;
                    of[3] += i % 4 == 0 && prompts.upgraded(prompt.id()) ? 1 : 0;
                }
                for (int v = 0; v < 2; v++) {
                    long[] of = counts[v];
                    assertThat(of[0]).as("users in each variant").isPositive();
                    expected.add(new PromptConversion(
                            feature,
                            Optional.of(plan),
                            Optional.of(new Variant("wording", v == 0 ? "bold" : "plain")),
                            of[0],
                            of[1],
                            of[2],
                            of[3]));
                }
            }
        }

        assertThat(prompts.conversions(Instant.MIN, Instant.MAX)).containsExactlyElementsOf(expected);
        assertThat(expected.get(0).clickRate())
                .isEqualTo(new Rate(expected.get(0).clicked(), expected.get(0).shown()));
    }

    @Test
    void conversionsAreOfThePromptsThatWereShownFromAnInstantUntilBeforeAnother() {
        UpgradePrompts prompts = acme(STANDARD);
        Instant at = clock().instant();
        UUID prompt = offer(prompts, "ada", "exports", Severity.APPROACHING).id();
        clock().advance(Duration.ofDays(3));
        prompts.clicked(prompt);

        assertThat(prompts.conversions(at, at.plus(MICRO)))
                .as("however late the click came")
                .containsExactly(line("exports", "pro", 1, 1, 0, 0));
        assertThat(prompts.conversions(at, at.plusNanos(1))).hasSize(1);
        assertThat(prompts.conversions(at.plusNanos(1), at.plus(MICRO))).isEmpty();
        assertThat(prompts.conversions(at.minus(MICRO), at)).isEmpty();
        assertThat(prompts.conversions(at, at)).isEmpty();
        assertThatThrownBy(() -> prompts.conversions(at, at.minus(MICRO))).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void anUpgradeOfTheWorkspaceIsNotedForTheLatestPromptOfEachUser() {
        UpgradePrompts prompts = acme(STANDARD);
        offer(prompts, "ada", "early", Severity.APPROACHING);
        offer(prompts, "old", "old", Severity.APPROACHING);
        clock().advance(MICRO);
        Instant shownSince = clock().instant();
        offer(prompts, "ada", "exports", Severity.APPROACHING);
        offer(prompts, "lin", "exports", Severity.APPROACHING);
        clock().advance(Duration.ofHours(1));
        offer(prompts, "ada", "projects", Severity.APPROACHING);
        prompts.offer(
                user("lin"),
                decision(
                        "seats",
                        Severity.BLOCKED,
                        new UpgradePrompt(Optional.empty(), Optional.empty(), "Talk to us.", Optional.empty())));
        clock().advance(Duration.ofHours(1));

        assertThat(stores().prompts().markUpgraded(workspace("globex"), shownSince, clock().instant()))
                .isZero();
        assertThat(stores().prompts().markUpgraded(workspace("acme"), shownSince, clock().instant()))
                .isEqualTo(2);

        assertThat(prompts.conversions(Instant.MIN, Instant.MAX).stream().filter(each -> each.upgraded() > 0))
                .containsExactly(line("exports", "pro", 2, 0, 0, 1), line("projects", "pro", 1, 0, 0, 1));
        assertThat(stores().prompts().markUpgraded(workspace("acme"), shownSince, clock().instant()))
                .as("a repeat")
                .isZero();
    }

    @Test
    void whatTheHostHasNotedOfAnUpgradeIsNotNotedForAnotherPromptToo() {
        UpgradePrompts prompts = acme(STANDARD);
        Instant since = clock().instant();
        UUID followed = offer(prompts, "ada", "exports", Severity.APPROACHING).id();
        clock().advance(Duration.ofHours(1));
        offer(prompts, "ada", "projects", Severity.APPROACHING);
        clock().advance(Duration.ofHours(1));
        prompts.upgraded(followed);

        assertThat(stores().prompts().markUpgraded(workspace("acme"), since, clock().instant()))
                .isZero();
        clock().advance(Duration.ofHours(1));
        offer(prompts, "ada", "seats", Severity.APPROACHING);
        assertThat(stores().prompts().markUpgraded(workspace("acme"), since, clock().instant()))
                .as("the next upgrade")
                .isEqualTo(1);
    }

    // ---- at the same time, in transactions, and after the end
    // ---------------------------------------------------------------------------------------------------

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void howeverManyAskAtTheSameTimeTheCapHolds(boolean inTransaction) {
        Plg plg = plg(STANDARD.atMost(3, Duration.ofDays(7)));
        for (int round = 0; round < 5; round++) {
            UserId user = user("u" + round);
            List<Integer> shown = Race.of(8, number -> {
                int mine = 0;
                for (int i = 0; i < 4; i++) {
                    GateDecision decision = decision("f" + number + "-" + i, Severity.APPROACHING, "pro");
                    Optional<Prompt> prompt = inTransaction
                            ? plg.<Optional<Prompt>, RuntimeException>inTransaction(tx ->
                                    tx.workspace(workspace("acme")).prompts().offer(user, decision))
                            : plg.workspace(workspace("acme")).prompts().offer(user, decision);
                    mine += prompt.isPresent() ? 1 : 0;
                }
                return mine;
            });
            assertThat(shown.stream().mapToInt(Integer::intValue).sum()).isEqualTo(3);
        }
    }

    @Test
    void whoeverIsBlockedInManyTabsAtOnceIsToldByOnePrompt() {
        UpgradePrompts prompts = acme(STANDARD);
        int rounds = 20;
        for (int round = 0; round < rounds; round++) {
            UserId user = user("u" + round);
            List<UUID> ids = Race.of(
                    6,
                    number -> prompts.offer(user, blocked("exports"))
                            .orElseThrow()
                            .id());
            assertThat(ids).containsOnly(ids.get(0));
        }
        assertThat(shown(prompts)).isEqualTo(rounds);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void aPromptOfATransactionThatIsOpenCountsIfItCommits(boolean commits) throws InterruptedException {
        Plg plg = plg(STANDARD.atMost(1, Duration.ofDays(7)));
        var offered = new CountDownLatch(1);
        var other = new CountDownLatch(1);
        Future<Boolean> open = Race.inBackground(() -> {
            try {
                plg.transact(tx -> {
                    assertThat(offered(tx.workspace(workspace("acme")).prompts(), "ada", "exports", Severity.GRACE))
                            .isTrue();
                    offered.countDown();
                    other.await(150, TimeUnit.MILLISECONDS); // time to run into the lock
                    if (!commits) {
                        throw new IllegalStateException("roll back");
                    }
                });
            } catch (IllegalStateException e) {
                return false;
            }
            return true;
        });
        assertThat(offered.await(60, TimeUnit.SECONDS)).isTrue();

        boolean shown = offered(plg.workspace(workspace("acme")).prompts(), "ada", "projects", Severity.GRACE);
        other.countDown();

        assertThat(Race.resultOf(open)).isEqualTo(commits);
        assertThat(shown).isEqualTo(!commits);
        assertThat(shown(plg.workspace(workspace("acme")).prompts())).isEqualTo(1);
    }

    @Test
    void whatATransactionDidGoesWithItsRollback() {
        Plg plg = plg(STANDARD);
        UpgradePrompts prompts = plg.workspace(workspace("acme")).prompts();
        UUID before = offer(prompts, "ada", "exports", Severity.APPROACHING).id();

        assertThatThrownBy(() -> plg.transact(tx -> {
                    UpgradePrompts inside = tx.workspace(workspace("acme")).prompts();
                    assertThat(inside.clicked(before)).isTrue();
                    assertThat(inside.snooze(before, Duration.ofDays(9))).isTrue();
                    assertThat(offered(inside, "lin", "exports", Severity.APPROACHING))
                            .isTrue();
                    assertThat(offered(inside, "lin", "exports", Severity.APPROACHING))
                            .isFalse();
                    assertThat(inside.upgraded(before)).isTrue();
                    throw new IllegalStateException("roll back");
                }))
                .hasMessage("roll back");

        assertThat(conversion(prompts, 0, 1)).isEqualTo(line("exports", "pro", 1, 0, 0, 0));
        assertThat(offered(prompts, "lin", "exports", Severity.APPROACHING)).isTrue();
        assertThat(prompts.snooze(before, Duration.ofDays(1))).isTrue();
        assertThat(prompts.upgraded(before)).isTrue();
    }

    @Test
    void ofAnErasedUserNoPromptIsLeftAndALateClickIsNoError() {
        Plg plg = plg(STANDARD);
        UpgradePrompts prompts = plg.workspace(workspace("acme")).prompts();
        UUID prompt = offer(prompts, "ada", "exports", Severity.APPROACHING).id();
        offer(prompts, "lin", "exports", Severity.APPROACHING);

        plg.users().erase(user("ada"));

        assertThat(prompts.clicked(prompt)).isFalse();
        assertThat(shown(prompts)).isEqualTo(1);
        assertThatThrownBy(() -> offer(prompts, "ada", "exports", Severity.APPROACHING))
                .isInstanceOf(UserErased.class);
    }

    // ---- what the tests are made of
    // ---------------------------------------------------------------------------------------------------

    static GateDecision blocked(String feature) {
        return decision(feature, Severity.BLOCKED, "pro");
    }

    private static GateDecision decision(String feature, Severity severity, String plan) {
        return decision(
                feature,
                severity,
                new UpgradePrompt(
                        Optional.of(plan),
                        Optional.empty(),
                        "Upgrade to " + plan + ".",
                        Optional.of("https://example.com/upgrade")));
    }

    private static GateDecision decision(String feature, Severity severity, UpgradePrompt upgrade) {
        boolean allowed = severity != Severity.BLOCKED;
        return new GateDecision(
                allowed,
                allowed ? Reason.WITHIN_LIMIT : Reason.LIMIT_REACHED,
                Feature.cap(feature),
                new Amounts(1, 4, 0, 5, 1, 0),
                severity,
                Optional.empty(),
                Optional.empty(),
                Source.PLAN,
                Optional.empty(),
                Instant.EPOCH,
                "You have used 4 of 5 " + feature + ".",
                upgrade,
                Optional.empty());
    }

    private UpgradePrompts acme(PromptPolicy policy) {
        return plg(policy).workspace(workspace("acme")).prompts();
    }

    private Prompt offer(UpgradePrompts prompts, String user, String feature, Severity severity) {
        return prompts.offer(user(user), decision(feature, severity, "pro")).orElseThrow();
    }

    private boolean offered(UpgradePrompts prompts, String user, String feature, Severity severity) {
        return prompts.offer(user(user), decision(feature, severity, "pro")).isPresent();
    }

    private static long shown(UpgradePrompts prompts) {
        return prompts.conversions(Instant.MIN, Instant.MAX).stream()
                .mapToLong(PromptConversion::shown)
                .sum();
    }

    /** One of so many lines. */
    private static PromptConversion conversion(UpgradePrompts prompts, int index, int of) {
        List<PromptConversion> lines = prompts.conversions(Instant.MIN, Instant.MAX);
        assertThat(lines).hasSize(of);
        return lines.get(index);
    }

    private static PromptConversion line(
            String feature, String plan, long shown, long clicked, long dismissed, long upgraded) {
        return new PromptConversion(feature, Optional.of(plan), Optional.empty(), shown, clicked, dismissed, upgraded);
    }

    private static Optional<UUID> expected(List<Told> model, Told asked, Rules rules) {
        boolean always = rules.always && asked.severity == Severity.BLOCKED;
        int recent = 0;
        Told same = null;
        for (Told told : model) {
            if (!told.user.equals(asked.user)) {
                continue;
            }
            recent += told.age(asked.at).compareTo(rules.window) < 0 ? 1 : 0;
            if (!told.feature.equals(asked.feature)) {
                continue;
            }
            if (told.snoozedUntil != null && told.snoozedUntil.isAfter(asked.at)) {
                return Optional.empty();
            }
            boolean cooling = told.age(asked.at).compareTo(rules.coolDown) < 0;
            boolean dismissed = told.dismissedAt != null
                    && Duration.between(told.dismissedAt, asked.at).compareTo(rules.dismissedFor) < 0;
            if (!always && told.severity.compareTo(asked.severity) >= 0 && (cooling || dismissed)) {
                return Optional.empty();
            }
            if (always
                    && cooling
                    && told.severity == Severity.BLOCKED
                    && told.upgradedAt == null
                    && Optional.ofNullable(told.plan).equals(Optional.ofNullable(asked.plan))) {
                same = same == null || LATEST.compare(same, told) < 0 ? told : same;
            }
        }
        if (same != null) {
            return Optional.of(same.id);
        }
        return always || recent < rules.most ? Optional.of(asked.id) : Optional.empty();
    }

    private static long upgraded(List<Told> model, Duration window, Instant now) {
        long marked = 0;
        for (UserId user : model.stream().map(told -> told.user).distinct().toList()) {
            List<Told> ofUser =
                    model.stream().filter(told -> told.user.equals(user)).toList();
            Optional<Told> latest =
                    ofUser.stream().filter(told -> told.plan != null).max(LATEST);
            if (latest.isPresent()
                    && latest.get().age(now).compareTo(window) <= 0
                    && ofUser.stream()
                            .allMatch(told -> told.upgradedAt == null || told.upgradedAt.isBefore(latest.get().at))) {
                latest.get().upgradedAt = now;
                marked++;
            }
        }
        return marked;
    }

    private record Rules(int most, Duration window, Duration coolDown, Duration dismissedFor, boolean always) {
        PromptPolicy policy() {
            return STANDARD.atMost(most, window)
                    .coolDown(coolDown)
                    .dismissedFor(dismissedFor)
                    .alwaysWhenBlocked(always);
        }
    }

    /** What the model knows of a prompt. */
    private static final class Told {
        private final UUID id;
        private final UserId user;
        private final String feature;
        private final Severity severity;
        private final String plan;
        private final Instant at;
        private Instant dismissedAt;
        private Instant snoozedUntil;
        private Instant upgradedAt;

        Told(UUID id, UserId user, String feature, Severity severity, String plan, Instant at) {
            this.id = id;
            this.user = user;
            this.feature = feature;
            this.severity = severity;
            this.plan = plan;
            this.at = at;
        }

        Duration age(Instant now) {
            return Duration.between(at, now);
        }
    }
}
