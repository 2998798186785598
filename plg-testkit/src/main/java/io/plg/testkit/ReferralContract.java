package io.plg.testkit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.plg.Plg;
import io.plg.UserErased;
import io.plg.UserId;
import io.plg.WorkspaceDeleted;
import io.plg.event.GrowthEvent;
import io.plg.event.GrowthEvent.ReferralAttributed;
import io.plg.fraud.FraudCase;
import io.plg.fraud.FraudEvaluator;
import io.plg.fraud.FraudEvaluators;
import io.plg.fraud.FraudPolicy;
import io.plg.fraud.FraudSignal;
import io.plg.referral.Attribution;
import io.plg.referral.Attribution.Reason;
import io.plg.referral.NewUser;
import io.plg.referral.ProgramCatalog;
import io.plg.referral.Referral;
import io.plg.referral.ReferralGraph;
import io.plg.referral.ReferralGraph.Figures;
import io.plg.referral.ReferralGraph.Generation;
import io.plg.referral.ReferralGraph.Subtree;
import io.plg.referral.ReferralLink;
import io.plg.referral.ReferralProgram;
import io.plg.referral.Referrals;
import io.plg.referral.Referrals.Shared;
import io.plg.referral.Touch;
import io.plg.referral.User;
import io.plg.referral.Visit;
import io.plg.referral.Visitor;
import io.plg.reward.Benefit;
import io.plg.reward.Reward;
import io.plg.reward.RewardRule;
import io.plg.reward.RewardState;
import io.plg.reward.Stage;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Random;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionStage;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;

/** Who refers whom, on every store. */
@SuppressWarnings("NullAway") // what is null against expectation fails the test, as it should
public abstract class ReferralContract extends StoreContract {
    private static final Duration MICRO = Duration.ofNanos(1_000);
    private static final Duration WINDOW = Duration.ofDays(30);
    private static final long TWENTY_DOLLARS = 2_000;
    private static final RewardRule TWENTY_AND_FIVE = RewardRule.on(Stage.ACTIVATION)
            .referrer(Benefit.accountCredit(20, "USD"))
            .referred(Benefit.accountCredit(5, "USD"))
            .build();
    private static final FraudPolicy ONLY_SELF_REFERRAL =
            FraudPolicy.builder().evaluator(FraudEvaluators.selfReferral()).build();

    /** Called by the adapter's test. */
    protected ReferralContract() {}

    // ---- codes
    // ---------------------------------------------------------------------------------------------------

    @Test
    void aUserHasOneCodeHoweverOftenItIsAskedFor() {
        Plg plg = product(friends());

        ReferralLink link = referrals(plg, "acme").linkOf(User.of(user("ada")).email("ada@example.org"));
        clock().advance(Duration.ofDays(400));

        assertThat(link.code()).matches("[A-HJ-NP-Z2-9]{8}");
        assertThat(referrals(plg, "acme").linkOf(User.of(user("ada")))).isEqualTo(link);
        assertThat(referrals(plg, "acme").linkOf(User.of(user("lin"))).code()).isNotEqualTo(link.code());
        assertThat(referrals(plg, "globex").linkOf(User.of(user("ada"))).code())
                .as("in another workspace")
                .isNotEqualTo(link.code());
        assertThat(referrals(plg, "acme").share(User.of(user("ada")), "board").code())
                .as("what is shared")
                .isNotEqualTo(link.code());
    }

    @Test
    void ofThreadsThatAskForTheCodeOfOneUserAllGetTheSame() {
        Plg plg = product(friends());

        List<String> codes = Race.of(16, number -> code(plg, "acme", "ada"));

        assertThat(new HashSet<>(codes)).hasSize(1);
        assertThat(attribute(plg, codes.get(0), "lin").attributed()).isTrue();
    }

    @Test
    void caseAndSpacesAroundACodeDoNotMatter() {
        Plg plg = product(friends());
        String code = code(plg, "acme", "ada");

        assertThat(attribute(plg, " \t" + code.toLowerCase(Locale.ROOT) + "\n", "lin")
                        .attributed())
                .isTrue();
        assertThat(referrals(plg, "acme").referralsOf(user("ada"), 10))
                .singleElement()
                .satisfies(referral -> assertThat(referral.code()).isEqualTo(code));
    }

    @Test
    void whatIsNoCodeBindsNobodyAndThrowsNothing() {
        Plg plg = product(friends());
        String code = code(plg, "acme", "ada");
        List<String> odd = List.of(
                "",
                " ",
                code.substring(1),
                code + "A",
                code.substring(0, 4) + " " + code.substring(4),
                code.substring(0, 7) + "0",
                code.substring(0, 7) + "O",
                code.substring(0, 6) + "ß",
                code.substring(0, 7) + "ſ",
                code + "\u0000",
                "' or '1'='1",
                "𝔸".repeat(8),
                "\ud800",
                "x".repeat(100_000));

        for (String each : odd) {
            Attribution attribution = attribute(plg, each, "lin");
            assertThat(attribution.reason()).as(each).contains(Reason.UNKNOWN_CODE);
            assertThat(plg.signUps().visit(each, Visitor.unknown()).isKnown())
                    .as(each)
                    .isFalse();
            assertThat(plg.signUps()
                            .attributeTouch(each, newUser("lin"))
                            .reason()
                            .orElseThrow())
                    .as(each)
                    .isIn(Reason.FORGED, Reason.UNKNOWN_CODE);
            assertThat(referrals(plg, "acme").deactivate(each)).as(each).isFalse();
        }
        assertThat(referrals(plg, "acme").graph().figures()).isEqualTo(new Figures(0, 0, 0, 0));
        assertThat(attribute(plg, code, "lin").attributed()).isTrue();
    }

    @Test
    void aLetterOfAnotherAlphabetIsNoLetterOfACode() {
        Plg plg = product(friends());
        int users = 0;
        String code = "";
        while (!code.contains("S")) {
            code = code(plg, "acme", "u" + users++);
        }

        assertThat(attribute(plg, code.replace('S', 'ſ'), "lin").reason()).contains(Reason.UNKNOWN_CODE);
    }

    @Test
    void aCodeThatWasEndedBindsNobodyMoreAndWhoWasBoundStaysSo() {
        Plg plg = product(friends());
        String code = code(plg, "acme", "ada");
        attribute(plg, code, "lin");

        assertThat(referrals(plg, "globex").deactivate(code))
                .as("of another workspace")
                .isFalse();
        assertThat(referrals(plg, "acme").deactivate(code.toLowerCase(Locale.ROOT)))
                .isTrue();
        assertThat(referrals(plg, "acme").deactivate(code)).isFalse();

        assertThat(attribute(plg, code, "bob").reason()).contains(Reason.INACTIVE_CODE);
        assertThat(plg.signUps().visit(code, Visitor.unknown()).isKnown()).isFalse();
        assertThat(referrals(plg, "acme").linkOf(User.of(user("ada"))))
                .satisfies(link -> assertThat(link.code()).isEqualTo(code))
                .satisfies(link -> assertThat(link.active()).isFalse());
        activate(plg, "globex", "lin");
        assertThat(balance(plg, "acme", "ada")).isEqualTo(TWENTY_DOLLARS);
    }

    @Test
    void aCodeExpiresWhenItIsAsOldAsTheProgramSays() {
        Plg plg = product(friends().codesExpireAfter(Duration.ofDays(10)));
        String code = code(plg, "acme", "ada");

        clock().advance(Duration.ofDays(10).minus(MICRO));
        assertThat(plg.signUps().visit(code, Visitor.unknown()).isKnown()).isTrue();
        assertThat(attribute(plg, code, "lin").attributed()).isTrue();
        clock().advance(MICRO);

        assertThat(attribute(plg, code, "bob").reason()).contains(Reason.EXPIRED_CODE);
        assertThat(plg.signUps().visit(code, Visitor.unknown()).isKnown()).isFalse();
    }

    // ---- when a code binds
    // ---------------------------------------------------------------------------------------------------

    @Test
    void aProgramBindsFromItsBeginToItsEnd() {
        Instant from = clock().instant().plus(Duration.ofDays(1));
        Plg plg = product(friends().from(from).until(from.plus(Duration.ofDays(1))));
        String code = code(plg, "acme", "ada");

        clock().set(from.minus(MICRO));
        assertThat(attribute(plg, code, "u1").reason()).contains(Reason.PROGRAM_NOT_RUNNING);
        assertThat(plg.signUps().visit(code, Visitor.unknown()).isKnown()).isFalse();
        clock().set(from);
        assertThat(plg.signUps()
                        .attribute(code, newUser("u2").signedUpAt(from.minus(MICRO)))
                        .reason())
                .contains(Reason.OLDER_THAN_PROGRAM);
        assertThat(plg.signUps().attribute(code, newUser("u2").signedUpAt(from)).attributed())
                .as("in time, and the refusal before left nothing")
                .isTrue();
        clock().set(from.plus(Duration.ofDays(1)).minus(MICRO));
        assertThat(attribute(plg, code, "u3").attributed()).isTrue();
        clock().advance(MICRO);
        assertThat(attribute(plg, code, "u4").reason()).contains(Reason.PROGRAM_NOT_RUNNING);
    }

    @Test
    void aSignUpOfThePastBindsWithinTheWindowAndNotOfTheFuture() {
        Plg plg = product(friends().window(WINDOW));
        String code = code(plg, "acme", "ada");
        Instant oldest = clock().instant().minus(WINDOW);

        assertThat(plg.signUps()
                        .attribute(code, newUser("lin").signedUpAt(oldest.minus(MICRO)))
                        .reason())
                .contains(Reason.OUTSIDE_WINDOW);
        assertThat(plg.signUps()
                        .attribute(code, newUser("lin").signedUpAt(oldest))
                        .attributed())
                .isTrue();
        assertThat(referrals(plg, "acme").referralsOf(user("ada"), 10))
                .singleElement()
                .satisfies(referral -> {
                    assertThat(referral.signedUpAt()).isEqualTo(oldest);
                    assertThat(referral.boundAt()).isEqualTo(clock().instant());
                    assertThat(referral.user()).contains(user("lin"));
                    assertThat(referral.referrer()).contains(user("ada"));
                    assertThat(referral.held() || referral.rejected()).isFalse();
                });
        assertThatThrownBy(() -> plg.signUps()
                        .attribute(
                                code,
                                newUser("bob").signedUpAt(clock().instant().plus(MICRO))))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("future");
    }

    @Test
    void theFirstTouchCountsUnlessTheProgramSaysTheLast() {
        Plg plg = product(
                friends(), ReferralProgram.named(name("last")).touch(Touch.LAST).withoutRewards());
        for (String program : List.of("friends", "last")) {
            String adas =
                    referrals(plg, "acme", program).linkOf(User.of(user("ada"))).code();
            String bobs = referrals(plg, "initech", program)
                    .linkOf(User.of(user("bob")))
                    .code();
            String touch = visit(plg, adas, Visitor.unknown());
            clock().advance(Duration.ofDays(3));
            touch = visit(plg, bobs, Visitor.unknown().touch(touch));
            clock().advance(Duration.ofDays(3));

            assertThat(plg.signUps().attributeTouch(touch, newUser("lin")).attributed())
                    .isTrue();
            boolean first = program.equals("friends");
            assertThat(referrals(plg, "acme", program).referralsOf(user("ada"), 10))
                    .as(program)
                    .hasSize(first ? 1 : 0);
            assertThat(referrals(plg, "initech", program).referralsOf(user("bob"), 10))
                    .as(program)
                    .hasSize(first ? 0 : 1);
        }
    }

    @Test
    void aTouchCountsForTheWholeWindowAndThenTheNextOneDoes() {
        Plg plg = product(friends().window(WINDOW));
        String adas = code(plg, "acme", "ada");
        String bobs = code(plg, "acme", "bob");
        String touch = visit(plg, adas, Visitor.unknown());
        clock().advance(Duration.ofDays(10));
        String both = visit(plg, bobs, Visitor.unknown().touch(touch));
        clock().advance(Duration.ofDays(20));

        assertThat(plg.signUps().attributeTouch(both, newUser("u1")).attributed())
                .isTrue();
        clock().advance(Duration.ofSeconds(1));
        assertThat(plg.signUps().attributeTouch(touch, newUser("u2")).reason()).contains(Reason.OUTSIDE_WINDOW);
        assertThat(plg.signUps().attributeTouch(both, newUser("u2")).attributed())
                .isTrue();
        clock().advance(Duration.ofDays(10));
        assertThat(plg.signUps().attributeTouch(both, newUser("u3")).reason()).contains(Reason.OUTSIDE_WINDOW);
        assertThat(plg.signUps()
                        .attributeTouch(
                                both, newUser("u3").signedUpAt(clock().instant().minusSeconds(1)))
                        .attributed())
                .as("told late, but signed up in time")
                .isTrue();

        assertThat(referred(plg, "acme", "ada")).containsExactly(user("u1"));
        assertThat(referred(plg, "acme", "bob")).containsExactlyInAnyOrder(user("u2"), user("u3"));
    }

    @Test
    void whatAVisitorBringsBackIsTrueToTheLastCharacter() {
        Plg plg = product(friends());
        String adas = code(plg, "acme", "ada");
        String bobs = code(plg, "globex", "bob");
        String touch = visit(plg, adas, Visitor.unknown());
        clock().advance(Duration.ofDays(1));
        String both = visit(plg, bobs, Visitor.unknown().touch(touch));
        String other = visit(plg, bobs, Visitor.unknown());
        var forged = new ArrayList<String>();
        for (int at = 0; at < both.length(); at++) {
            for (char c : new char[] {'A', 'b', '7', '.', '-', '_', ' ', 'é'}) {
                if (both.charAt(at) != c) {
                    forged.add(both.substring(0, at) + c + both.substring(at + 1));
                }
            }
            forged.add(both.substring(0, at));
            forged.add(both.substring(at + 1));
        }
        forged.add(both + "A");
        forged.add(both + "=");
        forged.add(" " + both);
        forged.add(both.toLowerCase(Locale.ROOT));
        forged.add(touch.substring(0, touch.lastIndexOf('.')) + other.substring(other.lastIndexOf('.')));
        forged.add(other.substring(0, other.lastIndexOf('.')) + touch.substring(touch.lastIndexOf('.')));
        String[] parts = both.split("\\.", -1);
        assertThat(parts).hasSize(6);
        forged.add(String.join(".", parts[0], parts[3], parts[4], parts[1], parts[2], parts[5]));
        forged.add(String.join(".", parts[0], parts[3], parts[2], parts[1], parts[4], parts[5]));
        forged.add(String.join(".", parts[0], parts[1], "+" + parts[2], parts[3], parts[4], parts[5]));
        forged.add(String.join(".", parts[0], parts[1], "0" + parts[2], parts[3], parts[4], parts[5]));

        for (int i = 0; i < forged.size(); i++) {
            // Each from another address: nobody is to be refused for too many guesses.
            String ip = "10." + i / 250 + "." + i % 250 + ".1";
            assertThat(plg.signUps()
                            .attributeTouch(forged.get(i), newUser("lin").ip(ip))
                            .reason()
                            .orElseThrow())
                    .as(forged.get(i))
                    .isIn(Reason.FORGED, Reason.UNKNOWN_CODE);
            Visit visit = plg.signUps().visit(bobs, Visitor.from(ip).touch(forged.get(i)));
            assertThat(visit.touch().orElseThrow())
                    .as("a forged first touch is forgotten: %s", forged.get(i))
                    .startsWith("t1." + bobs + ".");
        }
        assertThat(plg.signUps().attributeTouch(both, newUser("lin")).attributed())
                .isTrue();
        assertThat(referred(plg, "acme", "ada")).containsExactly(user("lin"));
    }

    @Test
    void aUserIsBoundOnceInAProgramOverAllWorkspaces() {
        Plg plg = product(friends(), ReferralProgram.named(name("partners")).withoutRewards());
        String adas = code(plg, "acme", "ada");
        String bobs = code(plg, "globex", "bob");

        assertThat(attribute(plg, adas, "lin").attributed()).isTrue();
        assertThat(attribute(plg, adas, "lin").reason()).contains(Reason.ALREADY_ATTRIBUTED);
        assertThat(attribute(plg, bobs, "lin").reason()).contains(Reason.ALREADY_ATTRIBUTED);
        clock().advance(Duration.ofDays(4_000));
        assertThat(attribute(plg, bobs, "lin").reason()).contains(Reason.ALREADY_ATTRIBUTED);
        assertThat(attribute(
                                plg,
                                referrals(plg, "globex", "partners")
                                        .linkOf(User.of(user("bob")))
                                        .code(),
                                "lin")
                        .attributed())
                .as("another program")
                .isTrue();

        assertThat(referrals(plg, "globex").graph().figures()).isEqualTo(new Figures(0, 0, 0, 0));
        assertThat(referrals(plg, "globex", "partners").graph().figures()).isEqualTo(new Figures(2, 1, 1, 1));
        assertThat(attributions()).hasSize(2);
    }

    @Test
    void whoWasActivatedBeforeTheBindingIsRewardedAllTheSame() {
        Plg plg = product(friends());
        String code = code(plg, "acme", "ada");
        Instant activated = clock().instant();
        activate(plg, "globex", "lin");
        clock().advance(Duration.ofDays(2));

        assertThat(plg.signUps()
                        .attribute(
                                code,
                                newUser("lin").in(workspace("globex")).signedUpAt(activated.minus(Duration.ofDays(1))))
                        .attributed())
                .isTrue();

        assertThat(balance(plg, "acme", "ada")).isEqualTo(TWENTY_DOLLARS);
        assertThat(balance(plg, "globex", "lin")).isEqualTo(500);
        assertThat(referrals(plg, "acme")
                        .referralsOf(user("ada"), 1)
                        .get(0)
                        .stages()
                        .get(Stage.ACTIVATION))
                .isEqualTo(activated);
        activate(plg, "globex", "lin");
        assertThat(balance(plg, "acme", "ada")).isEqualTo(TWENTY_DOLLARS);
    }

    // ---- who may not refer whom
    // ---------------------------------------------------------------------------------------------------

    @Test
    void nobodyRefersThemselvesByWhateverTheyAreKnown() {
        Plg plg = product(friends());
        String code = referrals(plg, "acme")
                .linkOf(User.of(user("ada")).email("Ada.Lovelace@gmail.com").device("phone 7"))
                .code();

        assertThat(plg.signUps().attribute(code, newUser("ada")).reason()).contains(Reason.SELF_REFERRAL);
        assertThat(plg.signUps()
                        .attribute(code, newUser("a2").email("adalovelace+2@googlemail.com"))
                        .reason())
                .contains(Reason.SELF_REFERRAL);
        assertThat(plg.signUps()
                        .attribute(code, newUser("a3").device("phone 7"))
                        .reason())
                .contains(Reason.SELF_REFERRAL);
        assertThat(plg.signUps()
                        .attribute(
                                code,
                                newUser("lin").email("ada.lovelace@example.org").device("phone 8"))
                        .attributed())
                .isTrue();
        assertThat(plg.signUps().attribute(code, newUser("a2")).attributed())
                .as("a refusal leaves nothing")
                .isTrue();
    }

    @Test
    void noLoopIsEverClosed() {
        Plg plg = product(friends());
        assertThat(refer(plg, "acme", "a", "b").attributed()).isTrue();
        assertThat(refer(plg, "acme", "b", "a").reason()).as("of two").contains(Reason.LOOP);
        assertThat(refer(plg, "acme", "b", "c").attributed()).isTrue();
        assertThat(refer(plg, "globex", "c", "d").attributed()).isTrue();
        assertThat(refer(plg, "initech", "d", "e").attributed()).isTrue();

        for (String last : List.of("b", "c", "d", "e")) {
            for (String workspace : List.of("acme", "globex", "initech", "elsewhere")) {
                assertThat(refer(plg, workspace, last, "a").reason())
                        .as("%s in %s", last, workspace)
                        .contains(Reason.LOOP);
            }
        }
        assertThat(refer(plg, "globex", "x", "a").attributed())
                .as("the top may be referred by somebody else")
                .isTrue();
        assertThat(refer(plg, "initech", "e", "x").reason())
                .as("and then the new top may not")
                .contains(Reason.LOOP);
        assertThat(referrals(plg, "acme").graph().depthOverallOf(user("e"))).isEqualTo(5);
        assertThat(referrals(plg, "initech").graph().depthOf(user("e"))).hasValue(1);
    }

    @Test
    void theLoopIsFoundThroughSomebodyWhoWasErased() {
        Plg plg = product(friends());
        refer(plg, "acme", "a", "b");
        refer(plg, "acme", "b", "c");

        plg.users().erase(user("b"));

        assertThat(refer(plg, "acme", "c", "a").reason()).contains(Reason.LOOP);
    }

    // ---- the graph
    // ---------------------------------------------------------------------------------------------------

    @Test
    void aRootThatIsReferredLaterTakesItsPeopleAlong() {
        Plg plg = product(friends());
        refer(plg, "acme", "b", "c");
        refer(plg, "acme", "b", "d");
        refer(plg, "acme", "d", "e");
        ReferralGraph graph = referrals(plg, "acme").graph();
        assertThat(graph.depthOf(user("e"))).hasValue(2);

        UUID id = refer(plg, "acme", "a", "b").fold(Attribution.Attributed::referral, not -> new UUID(0, 0));

        assertThat(graph.depthOf(user("a"))).hasValue(0);
        assertThat(graph.depthOf(user("b"))).hasValue(1);
        assertThat(graph.depthOf(user("e"))).hasValue(3);
        assertThat(graph.subtreeSizeOf(user("a"))).hasValue(5);
        assertThat(graph.subtreeSizeOf(user("b"))).hasValue(4);
        assertThat(graph.ancestorsOf(user("e"))).containsExactly(user("d"), user("b"), user("a"));
        assertThat(graph.figures()).isEqualTo(new Figures(5, 1, 4, 3));
        assertThat(referrals(plg, "acme").referralsOf(user("a"), 10))
                .singleElement()
                .satisfies(referral -> assertThat(referral.id())
                        .as("the id that the sign-up was told")
                        .isEqualTo(id));
        assertThat(referred(plg, "acme", "b")).containsExactlyInAnyOrder(user("c"), user("d"));
        activate(plg, "globex", "b");
        assertThat(balance(plg, "acme", "a")).isEqualTo(TWENTY_DOLLARS);
    }

    @Test
    void theGraphIsThatOfANaiveModel() {
        Plg plg = product(friends());
        var random = new Random(11);
        var parents = new HashMap<UserId, UserId>();
        Set<UserId> members = new HashSet<>();
        for (int i = 0; i < 120; i++) {
            UserId referrer = user("u" + random.nextInt(40));
            UserId referred = user("u" + random.nextInt(40));
            boolean loop = false;
            for (UserId up = referrer; up != null; up = parents.get(up)) {
                loop |= up.equals(referred);
            }
            Attribution attribution = plg.signUps()
                    .attribute(referrals(plg, "acme").linkOf(User.of(referrer)).code(), NewUser.of(User.of(referred)));
            assertThat(attribution.attributed())
                    .as("%s refers %s", referrer, referred)
                    .isEqualTo(!loop && !parents.containsKey(referred));
            if (attribution.attributed()) {
                parents.put(referred, referrer);
                members.addAll(List.of(referrer, referred));
            }
        }

        ReferralGraph graph = referrals(plg, "acme").graph();
        var depths = new HashMap<UserId, Integer>();
        var sizes = new HashMap<UserId, Long>();
        for (UserId member : members) {
            var above = new ArrayList<UserId>();
            for (UserId up = member; up != null; up = parents.get(up)) {
                above.add(up);
                sizes.merge(up, 1L, Long::sum);
            }
            depths.put(member, above.size() - 1);
            assertThat(graph.ancestorsOf(member)).isEqualTo(above.subList(1, above.size()));
        }
        for (int i = 0; i < 40; i++) {
            UserId user = user("u" + i);
            assertThat(graph.depthOf(user))
                    .isEqualTo(depths.containsKey(user) ? OptionalInt.of(depths.get(user)) : OptionalInt.empty());
            assertThat(graph.depthOverallOf(user)).isEqualTo(depths.getOrDefault(user, 0));
            assertThat(graph.subtreeSizeOf(user))
                    .isEqualTo(sizes.containsKey(user) ? OptionalLong.of(sizes.get(user)) : OptionalLong.empty());
        }
        int deepest = depths.values().stream().mapToInt(Integer::intValue).max().orElseThrow();
        assertThat(graph.figures())
                .isEqualTo(new Figures(members.size(), members.size() - parents.size(), parents.size(), deepest));
        List<Generation> generations = graph.generations();
        assertThat(generations).hasSize(deepest + 1);
        for (int depth = 0; depth <= deepest; depth++) {
            long here = count(depths.values(), depth);
            int generation = depth;
            assertThat(generations.get(depth).depth()).isEqualTo(depth);
            assertThat(generations.get(depth).members()).isEqualTo(here);
            assertThat(generations.get(depth).referrers())
                    .isEqualTo(new HashSet<>(parents.values())
                            .stream()
                                    .filter(each -> depths.get(each) == generation)
                                    .count());
            assertThat(generations.get(depth).branchingFactor())
                    .isCloseTo((double) count(depths.values(), depth + 1) / here, within(1e-12));
        }
        assertThat(graph.largestSubtrees(7))
                .isEqualTo(sizes.entrySet().stream()
                        .sorted(Map.Entry.<UserId, Long>comparingByValue()
                                .reversed()
                                .thenComparing(each -> each.getKey().value()))
                        .limit(7)
                        .map(each -> new Subtree(each.getKey(), each.getValue()))
                        .toList());
    }

    @Test
    void ofWhatIsSharedViewsSignUpsAndCustomersAreCounted() {
        Plg plg = product(friends());
        String board =
                referrals(plg, "acme").share(User.of(user("ada")), "board/1").code();
        String other =
                referrals(plg, "acme").share(User.of(user("ada")), "board/2").code();
        String plain = code(plg, "acme", "ada");
        assertThat(referrals(plg, "acme").share(User.of(user("ada")), "board/1").code())
                .isEqualTo(board);
        for (int i = 0; i < 5; i++) {
            assertThat(plg.signUps().visit(board, Visitor.unknown()).artefact()).contains("board/1");
        }
        assertThat(plg.signUps().visit(plain, Visitor.unknown()).artefact()).isEmpty();
        plg.signUps().visit(other, Visitor.unknown());
        for (String each : List.of("u1", "u2", "u3")) {
            attribute(plg, board, each);
        }
        attribute(plg, plain, "u4");
        activate(plg, "globex", "u1");
        activate(plg, "globex", "u2");
        activate(plg, "globex", "u4");
        plg.workspace(workspace("globex")).referrals().reached(user("u1"), Stage.FIRST_PAYMENT);

        assertThat(referrals(plg, "acme").shared())
                .containsExactlyInAnyOrder(
                        new Shared(user("ada"), "board/1", board, 5, 3, 2, 1),
                        new Shared(user("ada"), "board/2", other, 1, 0, 0, 0));
        assertThat(referrals(plg, "globex").shared()).isEmpty();
        referrals(plg, "acme").deactivate(other);
        plg.signUps().visit(other, Visitor.unknown());
        assertThat(referrals(plg, "acme").shared())
                .as("an ended link is not viewed any more")
                .contains(new Shared(user("ada"), "board/2", other, 1, 0, 0, 0));
    }

    @Test
    void anInvitationIsNotedOnce() {
        Plg plg = product(friends());
        UUID id = UUID.randomUUID();
        Referrals referrals = referrals(plg, "acme");
        Instant now = clock().instant();

        assertThat(referrals.recordInvitation(user("ada"), id, now)).isTrue();
        assertThat(referrals.recordInvitation(user("ada"), id, now.minusSeconds(1)))
                .isFalse();
        assertThat(referrals.recordInvitation(user("lin"), id, now)).isFalse();
        assertThat(referrals(plg, "globex").recordInvitation(user("bob"), id, now))
                .as("of another workspace")
                .isTrue();
        assertThat(referrals.recordInvitation(user("ada"))).isNotEqualTo(referrals.recordInvitation(user("ada")));
        assertThatThrownBy(() -> referrals.recordInvitation(user("ada"), UUID.randomUUID(), now.plus(MICRO)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("future");
    }

    // ---- fraud
    // ---------------------------------------------------------------------------------------------------

    @Test
    void whatAHeldReferralEarnsWaitsUntilItIsReleased() {
        Plg plg = product(holdingSharedDevices(), withMilestone());
        UUID held = heldReferral(plg);

        assertThat(rewards(plg, "acme", "ada"))
                .as("what is held is not the first one")
                .isEmpty();
        assertThat(rewards(plg, "globex", "lin")).singleElement().satisfies(each -> {
            assertThat(each.state()).isEqualTo(RewardState.FLAGGED);
            assertThat(each.reason()).as("nothing about the referrer").doesNotContain("device");
        });
        assertThat(balance(plg, "acme", "ada")).isZero();
        assertThat(referrals(plg, "acme").held(10)).extracting(Referral::id).containsExactly(held);
        assertThat(referrals(plg, "acme").held(10).get(0).verdict()).contains("device");
        assertThat(referrals(plg, "globex").release(held))
                .as("by another workspace")
                .isFalse();

        assertThat(referrals(plg, "acme").release(held)).isTrue();
        assertThat(referrals(plg, "acme").release(held)).isFalse();
        assertThat(referrals(plg, "acme").reject(held, "too late")).isFalse();

        assertThat(referrals(plg, "acme").held(10)).isEmpty();
        assertThat(rewards(plg, "acme", "ada"))
                .as("the reward and the milestone")
                .hasSize(2)
                .allMatch(each -> each.state() == RewardState.ISSUED);
        assertThat(balance(plg, "acme", "ada")).isEqualTo(TWENTY_DOLLARS + 700);
        assertThat(balance(plg, "globex", "lin")).isEqualTo(500);
    }

    @Test
    void whatARejectedReferralEarnedIsRejectedAndItEarnsNothingMore() {
        Plg plg = product(holdingSharedDevices(), friends());
        UUID held = heldReferral(plg);

        assertThat(referrals(plg, "acme").reject(held, "a farm")).isTrue();

        List<Reward> rewards = new ArrayList<>(rewards(plg, "acme", "ada"));
        rewards.addAll(rewards(plg, "globex", "lin"));
        assertThat(rewards)
                .hasSize(2)
                .allMatch(each -> each.state() == RewardState.REJECTED)
                .extracting(Reward::reason)
                .containsExactly("a farm", "the referral was not accepted");
        assertThat(referrals(plg, "acme").referralsOf(user("ada"), 1))
                .singleElement()
                .satisfies(each -> assertThat(each.rejected()).isTrue());
        assertThat(plg.workspace(workspace("globex")).referrals().reached(user("lin"), Stage.FIRST_PAYMENT))
                .isTrue();
        assertThat(rewards(plg, "acme", "ada")).hasSize(1);
        assertThat(balance(plg, "acme", "ada")).isZero();
    }

    @Test
    void whoIsReleasedBeforeAnythingIsEarnedEarnsAsUsual() {
        Plg plg = product(holdingSharedDevices(), friends());
        refer(plg, "acme", "bob", "eve", "tablet");
        UUID id = refer(plg, "acme", "ada", "lin", "tablet")
                .fold(Attribution.Attributed::referral, not -> new UUID(0, 0));

        assertThat(referrals(plg, "acme").release(id)).isTrue();
        activate(plg, "globex", "lin");

        assertThat(balance(plg, "acme", "ada"))
                .as("released before it earned anything")
                .isEqualTo(TWENTY_DOLLARS);
    }

    @Test
    void aVerdictThatComesLateDecidesByItself() {
        var answers = new ArrayList<CompletableFuture<List<FraudSignal>>>();
        Plg plg = product(
                FraudPolicy.builder()
                        .evaluator(evaluator(fraudCase -> {
                            var answer = new CompletableFuture<List<FraudSignal>>();
                            answers.add(answer);
                            return answer;
                        }))
                        .action(FraudSignal.Kind.RING, io.plg.fraud.FraudVerdict.Action.REJECT)
                        .timeout(Duration.ofMillis(1))
                        .build(),
                friends());
        for (String each : List.of("u0", "u1", "u2", "u3", "u4")) {
            Attribution attribution = refer(plg, "acme", "ada", each);
            assertThat(attribution.<Boolean>fold(Attribution.Attributed::held, not -> false))
                    .isTrue();
            activate(plg, "globex", each);
        }
        assertThat(balance(plg, "acme", "ada")).isZero();

        answers.get(0).complete(List.of());
        answers.get(1)
                .complete(List.of(new FraudSignal(FraudSignal.Kind.RING, "outside", "a ring " + "x".repeat(300))));
        answers.get(2).complete(List.of(new FraudSignal(FraudSignal.Kind.SHARED_IP, "outside", "one address")));
        answers.get(3).completeExceptionally(new IllegalStateException("away"));

        assertThat(balance(plg, "acme", "ada")).isEqualTo(TWENTY_DOLLARS);
        assertThat(balance(plg, "globex", "u0")).isEqualTo(500);
        assertThat(rewards(plg, "globex", "u1")).singleElement().satisfies(each -> {
            assertThat(each.state()).isEqualTo(RewardState.REJECTED);
            assertThat(each.reason()).isEqualTo("the referral was not accepted");
        });
        assertThat(referrals(plg, "acme").held(10))
                .extracting(each -> each.user().orElseThrow())
                .containsExactlyInAnyOrder(user("u2"), user("u3"), user("u4"));
    }

    @Test
    void anEvaluatorThatFailsHoldsTheReferral() {
        Plg plg = product(
                FraudPolicy.builder()
                        .evaluator(FraudEvaluator.of("broken", fraudCase -> {
                            throw new IllegalStateException("broken");
                        }))
                        .build(),
                friends());

        Attribution attribution = refer(plg, "acme", "ada", "lin");

        assertThat(attribution.<Boolean>fold(Attribution.Attributed::held, not -> false))
                .isTrue();
        activate(plg, "globex", "lin");
        assertThat(balance(plg, "acme", "ada")).isZero();
        assertThat(rewards(plg, "acme", "ada")).extracting(Reward::state).containsExactly(RewardState.FLAGGED);
    }

    // ---- who sees what, and ends
    // ---------------------------------------------------------------------------------------------------

    @Test
    void theWorkspaceOfWhomWasReferredSeesNeitherTheReferralNorTheReferrersReward() {
        Plg plg = product(friends());
        refer(plg, "acme", "ada", "lin");
        activate(plg, "globex", "lin");
        assertThat(rewards(plg, "acme", "ada")).hasSize(1);
        UUID adas = rewards(plg, "acme", "ada").get(0).id();
        UUID lins = rewards(plg, "globex", "lin").get(0).id();

        Referrals seen = referrals(plg, "globex");
        assertThat(seen.referralsOf(user("ada"), 10)).isEmpty();
        assertThat(seen.graph().figures()).isEqualTo(new Figures(0, 0, 0, 0));
        assertThat(seen.graph().generations()).isEmpty();
        assertThat(seen.graph().largestSubtrees(10)).isEmpty();
        assertThat(seen.graph().ancestorsOf(user("lin"))).isEmpty();
        assertThat(seen.graph().depthOf(user("lin"))).isEmpty();
        assertThat(plg.workspace(workspace("globex")).rewards().find(adas)).isEmpty();
        assertThat(plg.workspace(workspace("acme")).rewards().find(lins)).isEmpty();
        assertThat(rewards(plg, "globex", "ada")).isEmpty();
        assertThat(rewards(plg, "acme", "lin")).isEmpty();
        assertThat(heard().all().stream()
                        .filter(ReferralAttributed.class::isInstance)
                        .map(GrowthEvent::workspace))
                .containsExactly(workspace("acme"));
    }

    @Test
    void whenTheReferrerIsErasedTheGraphStaysAsItWasAndNothingMoreIsEarned() {
        Plg plg = product(friends());
        String code = code(plg, "acme", "ada");
        refer(plg, "acme", "ada", "lin");
        refer(plg, "acme", "lin", "bob");
        refer(plg, "acme", "ada", "eve");
        activate(plg, "globex", "lin");
        Figures figures = referrals(plg, "acme").graph().figures();
        List<Generation> generations = referrals(plg, "acme").graph().generations();

        plg.users().erase(user("ada"));
        activate(plg, "globex", "eve");

        ReferralGraph graph = referrals(plg, "acme").graph();
        assertThat(graph.figures()).isEqualTo(figures);
        assertThat(graph.generations()).isEqualTo(generations);
        assertThat(graph.ancestorsOf(user("bob"))).containsExactly(user("lin"));
        assertThat(graph.depthOf(user("bob"))).hasValue(2);
        assertThat(graph.largestSubtrees(10)).extracting(Subtree::user).doesNotContain(user("ada"));
        assertThat(balance(plg, "globex", "lin")).isEqualTo(500);
        assertThat(balance(plg, "globex", "eve"))
                .as("the other party is rewarded on its own")
                .isEqualTo(500);
        assertThat(attribute(plg, code, "kim").reason()).contains(Reason.UNKNOWN_CODE);
        for (ThrowingCallable call : callsAbout(plg, "acme", user("ada"))) {
            assertThatThrownBy(call)
                    .isInstanceOfSatisfying(
                            UserErased.class, e -> assertThat(e.user()).isEqualTo(user("ada")));
        }
    }

    @Test
    void whenTheReferredUserIsErasedTheReferrerKeepsWhatWasEarned() {
        Plg plg = product(friends());
        refer(plg, "acme", "ada", "lin");
        refer(plg, "acme", "lin", "bob");
        activate(plg, "globex", "lin");
        Figures figures = referrals(plg, "acme").graph().figures();

        plg.users().erase(user("lin"));

        assertThat(referrals(plg, "acme").graph().figures()).isEqualTo(figures);
        assertThat(referrals(plg, "acme").graph().subtreeSizeOf(user("ada"))).hasValue(3);
        assertThat(referrals(plg, "acme").referralsOf(user("ada"), 10))
                .singleElement()
                .satisfies(each -> assertThat(each.user()).isEmpty());
        assertThat(balance(plg, "acme", "ada")).isEqualTo(TWENTY_DOLLARS);
        for (ThrowingCallable call : callsAbout(plg, "globex", user("lin"))) {
            assertThatThrownBy(call).isInstanceOf(UserErased.class);
        }
        assertThatThrownBy(() -> attribute(plg, code(plg, "acme", "ada"), "lin"))
                .isInstanceOf(UserErased.class);
    }

    @Test
    void whenTheReferrersWorkspaceIsDeletedNothingOfItIsLeftAndTheOtherGoesOn() {
        Plg plg = product(friends());
        String code = code(plg, "acme", "ada");
        refer(plg, "acme", "ada", "lin");
        activate(plg, "globex", "lin");
        refer(plg, "acme", "ada", "eve");

        plg.workspaces().delete(workspace("acme"));

        assertThat(balance(plg, "globex", "lin")).isEqualTo(500);
        activate(plg, "globex", "eve");
        assertThat(attribute(plg, code, "kim").reason()).contains(Reason.UNKNOWN_CODE);
        assertThat(plg.signUps().visit(code, Visitor.unknown()).isKnown()).isFalse();
        assertThat(attribute(plg, code(plg, "globex", "bob"), "lin").reason())
                .as("bound for ever")
                .contains(Reason.ALREADY_ATTRIBUTED);
        for (ThrowingCallable call : callsAbout(plg, "acme", user("lin"))) {
            assertThatThrownBy(call).isInstanceOf(WorkspaceDeleted.class);
        }
    }

    @Test
    void whenTheReferredUsersWorkspaceIsDeletedTheReferrerKeepsWhatWasEarned() {
        Plg plg = product(friends());
        refer(plg, "acme", "ada", "lin");
        activate(plg, "globex", "lin");

        plg.workspaces().delete(workspace("globex"));

        assertThat(balance(plg, "acme", "ada")).isEqualTo(TWENTY_DOLLARS);
        assertThat(referrals(plg, "acme").graph().figures()).isEqualTo(new Figures(2, 1, 1, 1));
        assertThat(plg.workspace(workspace("acme")).referrals().refunded(user("lin"), Stage.ACTIVATION))
                .as("of the reward that is left")
                .isEqualTo(1);
        assertThat(balance(plg, "acme", "ada")).isZero();
    }

    // ---- transactions and races
    // ---------------------------------------------------------------------------------------------------

    @Test
    void whenTheHostsTransactionRollsBackNothingIsLeft() {
        Plg plg = product(friends());
        String code = code(plg, "acme", "ada");

        assertThatThrownBy(() -> plg.transact(tx -> {
                    assertThat(tx.signUps()
                                    .attribute(code, newUser("lin").in(workspace("globex")))
                                    .attributed())
                            .isTrue();
                    tx.workspace(workspace("globex")).activation(ONBOARDING).complete(EXPORTED.by(user("lin")));
                    assertThat(tx.workspace(workspace("acme"))
                                    .referrals()
                                    .graph()
                                    .figures())
                            .isEqualTo(new Figures(2, 1, 1, 1));
                    assertThat(heard().all()).isEmpty();
                    throw new IllegalStateException("no");
                }))
                .hasMessage("no");

        assertThat(heard().all()).isEmpty();
        assertThat(referrals(plg, "acme").graph().figures()).isEqualTo(new Figures(0, 0, 0, 0));
        assertThat(referrals(plg, "acme").referralsOf(user("ada"), 10)).isEmpty();
        assertThat(rewards(plg, "acme", "ada")).isEmpty();
        assertThat(rewards(plg, "globex", "lin")).isEmpty();
        assertThat(attribute(plg, code, "lin").attributed()).isTrue();
        activate(plg, "globex", "lin");
        assertThat(balance(plg, "acme", "ada")).isEqualTo(TWENTY_DOLLARS);
        assertThat(attributions()).hasSize(1);
    }

    @Test
    void aRefusalDoesNotEndTheHostsTransaction() {
        Plg plg = product(friends());
        String code = code(plg, "acme", "ada");
        attribute(plg, code, "lin");

        plg.transact(tx -> {
            assertThat(tx.signUps().attribute(code, newUser("lin")).reason()).contains(Reason.ALREADY_ATTRIBUTED);
            assertThat(tx.signUps().attribute(code, newUser("ada")).reason()).contains(Reason.SELF_REFERRAL);
            assertThat(tx.signUps().attribute("ABCDEFGH", newUser("bob")).attributed())
                    .isFalse();
            assertThat(tx.signUps().attribute(code, newUser("bob")).attributed())
                    .isTrue();
        });

        assertThat(referred(plg, "acme", "ada")).containsExactlyInAnyOrder(user("lin"), user("bob"));
    }

    @Test
    void ofThreadsThatBindOneUserByDifferentCodesOneDoes() {
        Plg plg = product(friends());
        var codes = new ArrayList<String>();
        for (int i = 0; i < 32; i++) {
            codes.add(code(plg, "w" + i % 8, "r" + i));
        }

        List<Attribution> attributions = Race.of(32, number -> attribute(plg, codes.get(number), "lin"));

        assertThat(attributions.stream().filter(Attribution::attributed)).hasSize(1);
        assertThat(attributions.stream().flatMap(each -> each.reason().stream()))
                .hasSize(31)
                .containsOnly(Reason.ALREADY_ATTRIBUTED);
        long edges = 0;
        for (int i = 0; i < 8; i++) {
            edges += referrals(plg, "w" + i).graph().figures().referrals();
        }
        assertThat(edges).isEqualTo(1);
        assertThat(attributions()).hasSize(1);
    }

    @Test
    void ofTwoWhoReferEachOtherAtTheSameTimeOneDoes() {
        Plg plg = product(friends());
        for (int round = 0; round < 20; round++) {
            String one = "one" + round;
            String other = "other" + round;
            String there = round % 2 == 0 ? "acme" : "globex";
            String ones = code(plg, "acme", one);
            String others = code(plg, there, other);

            List<Attribution> attributions =
                    Race.of(2, number -> number == 0 ? attribute(plg, ones, other) : attribute(plg, others, one));

            assertThat(attributions.stream().filter(Attribution::attributed))
                    .as("round %d", round)
                    .hasSize(1);
            assertThat(attributions.stream().flatMap(each -> each.reason().stream()))
                    .containsExactly(Reason.LOOP);
        }
    }

    @Test
    void whatManyThreadsBindAtTheSameTimeIsAForest() {
        Plg plg = product(friends());
        int users = 12;
        var codes = new ArrayList<String>();
        for (int i = 0; i < users; i++) {
            codes.add(code(plg, i % 2 == 0 ? "acme" : "globex", "u" + i));
        }

        List<List<Integer>> bound = Race.of(16, number -> {
            var random = new Random(number);
            var mine = new ArrayList<Integer>();
            for (int i = 0; i < 30; i++) {
                int referrer = random.nextInt(users);
                int referred = random.nextInt(users);
                if (attribute(plg, codes.get(referrer), "u" + referred).attributed()) {
                    mine.add(referrer * users + referred);
                }
            }
            return mine;
        });

        var parents = new HashMap<Integer, Integer>();
        for (int edge : bound.stream().flatMap(List::stream).toList()) {
            assertThat(parents.put(edge % users, edge / users)).as("bound once").isNull();
        }
        for (int i = 0; i < users; i++) {
            int steps = 0;
            for (Integer up = i; up != null; up = parents.get(up)) {
                assertThat(steps++).as("a loop above u%d", i).isLessThan(users);
            }
            assertThat(referrals(plg, "acme").graph().depthOverallOf(user("u" + i)))
                    .isEqualTo(steps - 1);
        }
        assertThat(parents).as("nobody is above the last root").hasSize(users - 1);
    }

    // ---- in short
    // ---------------------------------------------------------------------------------------------------

    /** A program of this test only: its counts are those of the whole installation. */
    private ReferralProgram.Builder friends() {
        return ReferralProgram.named(name("friends")).reward(TWENTY_AND_FIVE);
    }

    private ReferralProgram.Builder withMilestone() {
        return ReferralProgram.named(name("friends"))
                .reward(RewardRule.on(Stage.ACTIVATION)
                        .referrer(Benefit.accountCredit(20, "USD"))
                        .referred(Benefit.accountCredit(5, "USD"))
                        .milestone(1, Benefit.accountCredit(7, "USD"))
                        .build())
                .reward(RewardRule.on(Stage.FIRST_PAYMENT)
                        .referrer(Benefit.accountCredit(50, "USD"))
                        .build());
    }

    private static FraudPolicy holdingSharedDevices() {
        return ONLY_SELF_REFERRAL.toBuilder()
                .evaluator(FraudEvaluators.sharedDevice(0))
                .build();
    }

    private UUID heldReferral(Plg plg) {
        refer(plg, "initech", "bob", "eve", "tablet");
        refer(plg, "acme", "kim", "joe", "tablet");
        Attribution attribution = refer(plg, "acme", "ada", "lin", "tablet");
        assertThat(attribution.<Boolean>fold(Attribution.Attributed::held, not -> false))
                .as("somebody else of the workspace has the device")
                .isTrue();
        activate(plg, "globex", "lin");
        return attribution.fold(Attribution.Attributed::referral, not -> new UUID(0, 0));
    }

    private static FraudEvaluator evaluator(Evaluation evaluation) {
        return new FraudEvaluator() {
            @Override
            public String name() {
                return "outside";
            }

            @Override
            public CompletionStage<List<FraudSignal>> evaluate(FraudCase fraudCase) {
                return evaluation.evaluate(fraudCase);
            }
        };
    }

    private interface Evaluation {
        CompletionStage<List<FraudSignal>> evaluate(FraudCase fraudCase);
    }

    private Plg product(ReferralProgram.Builder... programs) {
        return product(ONLY_SELF_REFERRAL, programs);
    }

    private Plg product(FraudPolicy fraud, ReferralProgram.Builder... programs) {
        return plg(builder -> builder.funnel(ONBOARDING)
                .plans(GateContract.PLANS)
                .programs(ProgramCatalog.of(Arrays.stream(programs)
                        .map(ReferralProgram.Builder::build)
                        .toArray(ReferralProgram[]::new)))
                .fraud(fraud)
                .settleRewardsEvery(Duration.ZERO)
                .listener(heard()));
    }

    private String name(String program) {
        return workspace(program).value();
    }

    private Referrals referrals(Plg plg, String workspace) {
        return plg.workspace(workspace(workspace)).referrals();
    }

    private Referrals referrals(Plg plg, String workspace, String program) {
        return plg.workspace(workspace(workspace)).referrals(name(program));
    }

    private String code(Plg plg, String workspace, String user) {
        return referrals(plg, workspace).linkOf(User.of(user(user))).code();
    }

    private NewUser newUser(String name) {
        return NewUser.of(User.of(user(name)));
    }

    private Attribution attribute(Plg plg, String code, String user) {
        return plg.signUps().attribute(code, newUser(user));
    }

    private Attribution refer(Plg plg, String workspace, String referrer, String user) {
        return attribute(plg, code(plg, workspace, referrer), user);
    }

    private Attribution refer(Plg plg, String workspace, String referrer, String user, String device) {
        return plg.signUps()
                .attribute(code(plg, workspace, referrer), newUser(user).device(device));
    }

    private static String visit(Plg plg, String code, Visitor visitor) {
        Visit visit = plg.signUps().visit(code, visitor);
        assertThat(visit.isKnown()).isTrue();
        return visit.touch().orElseThrow();
    }

    private void activate(Plg plg, String workspace, String user) {
        plg.workspace(workspace(workspace)).activation(ONBOARDING).complete(EXPORTED.by(user(user)));
    }

    private List<UserId> referred(Plg plg, String workspace, String referrer) {
        return referrals(plg, workspace).referralsOf(user(referrer), 1_000).stream()
                .map(Referral::user)
                .flatMap(Optional::stream)
                .toList();
    }

    private List<Reward> rewards(Plg plg, String workspace, String user) {
        return plg.workspace(workspace(workspace)).rewards().of(user(user));
    }

    private long balance(Plg plg, String workspace, String user) {
        return plg.workspace(workspace(workspace))
                .rewards()
                .balanceOf(user(user))
                .money("USD")
                .minorUnits();
    }

    private List<GrowthEvent> attributions() {
        return heard().all().stream()
                .filter(ReferralAttributed.class::isInstance)
                .toList();
    }

    private static long count(Collection<Integer> all, int wanted) {
        return all.stream().filter(each -> each == wanted).count();
    }

    private List<ThrowingCallable> callsAbout(Plg plg, String workspace, UserId user) {
        Referrals referrals = referrals(plg, workspace);
        var rewards = plg.workspace(workspace(workspace)).rewards();
        return List.of(
                () -> referrals.linkOf(User.of(user)),
                () -> referrals.share(User.of(user), "board"),
                () -> referrals.recordInvitation(user),
                () -> referrals.referralsOf(user, 10),
                () -> referrals.reached(user, Stage.FIRST_PAYMENT),
                () -> referrals.graph().depthOf(user),
                () -> referrals.graph().subtreeSizeOf(user),
                () -> referrals.graph().ancestorsOf(user),
                () -> rewards.balanceOf(user),
                () -> rewards.of(user),
                () -> rewards.entriesOf(user),
                () -> rewards.spend(user, io.plg.reward.Money.of(1, "USD")));
    }
}
