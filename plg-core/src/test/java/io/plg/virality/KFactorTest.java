package io.plg.virality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import io.plg.virality.KFactor.Verdict;
import io.plg.virality.KFactor.WhatIf;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class KFactorTest {
    private static final Duration WEEK = Duration.ofDays(7);

    /** Members who brought users as if by a Poisson process. */
    private static KFactor poisson(long members, double k) {
        long converted = Math.round(members * k);
        return graph(members, converted, converted + Math.round(members * k * k));
    }

    private static KFactor graph(long members, long converted, long squares) {
        return KFactor.ofGraph(new ViralCounts(members, OptionalLong.empty(), OptionalLong.empty(), converted, squares))
                .orElseThrow();
    }

    private static KFactor cohort(long members, long invitations, long senders, long converted) {
        return KFactor.ofCohort(
                        new ViralCounts(
                                members,
                                OptionalLong.of(invitations),
                                OptionalLong.of(senders),
                                converted,
                                converted * converted),
                        WEEK,
                        true)
                .orElseThrow();
    }

    @Test
    void kIsInvitationsPerMemberTimesConversion() {
        KFactor k = cohort(100, 350, 50, 70);
        assertThat(k.n()).isEqualTo(100);
        assertThat(k.invitationsPerMember()).hasValue(3.5);
        assertThat(k.conversion()).hasValue(0.2);
        assertThat(k.value()).isEqualTo(0.7);
    }

    @Test
    void thePerSenderVariantLeavesOutThoseWhoSentNothing() {
        KFactor k = cohort(100, 350, 50, 70);
        assertThat(k.perSender().orElseThrow()).isEqualTo(350.0 / 50 * 0.2, within(1e-12));
    }

    @Test
    void withoutRecordedInvitationsThereIsOnlyK() {
        KFactor k = KFactor.ofCohort(ViralCounts.ofMembers(1, 0, 2), WEEK, true).orElseThrow();
        assertThat(k.value()).isEqualTo(1);
        assertThat(k.invitationsPerMember()).isEmpty();
        assertThat(k.conversion()).isEmpty();
        assertThat(k.perSender()).isEmpty();
        assertThat(k.whatIf()).isEmpty();
    }

    @Test
    void invitationsThatNobodySentAreZeroAndNotUnknown() {
        KFactor k = cohort(10, 0, 0, 0);
        assertThat(k.invitationsPerMember()).hasValue(0);
        assertThat(k.conversion()).isEmpty();
        assertThat(k.perSender()).isEmpty();
        assertThat(k.whatIf()).isPresent();
    }

    @Property(tries = 300)
    void theFactorsAgreeWithK(@ForAll @Size(min = 1, max = 30) List<@LongRange(max = 1_000) Long> numbers) {
        long[] invitations = numbers.stream().mapToLong(each -> each).toArray();
        var referred = new long[invitations.length];
        for (int i = 0; i < referred.length; i++) {
            referred[i] = invitations[i] / 3;
        }
        KFactor k = KFactor.ofCohort(ViralCounts.ofMembers(invitations, referred), WEEK, true)
                .orElseThrow();
        double i = k.invitationsPerMember().orElseThrow();
        assertThat(i * k.conversion().orElse(0)).isEqualTo(k.value(), within(1e-9));
        assertThat(k.perSender().orElse(k.value())).isGreaterThanOrEqualTo(k.value());
        assertThat(k.low()).isLessThanOrEqualTo(k.value());
        assertThat(k.high()).isGreaterThan(k.value());
    }

    @Test
    void noMembersHaveNoK() {
        assertThat(KFactor.ofCohort(ViralCounts.none(), WEEK, true)).isEmpty();
        assertThat(KFactor.ofGraph(ViralCounts.none())).isEmpty();
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new KFactor(ViralCounts.none(), Optional.empty(), true))
                .withMessageContaining("members must be positive, was 0");
    }

    @Test
    void aWindowMustBePositive() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> KFactor.ofCohort(ViralCounts.none(), Duration.ZERO, true))
                .withMessageContaining("window must be positive, was PT0S");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new KFactor(ViralCounts.ofMembers(1), Optional.of(Duration.ofNanos(-1)), true))
                .withMessageContaining("window must be positive");
    }

    @Test
    void everyKSaysWhatItIs() {
        ViralCounts counts = ViralCounts.ofMembers(1);
        assertThat(KFactor.ofGraph(counts).orElseThrow().definition()).isEqualTo("edges ÷ members");
        assertThat(KFactor.ofCohort(counts, WEEK, true).orElseThrow().definition())
                .isEqualTo("referred users activated within 7 days of the member's activation ÷ members");
        assertThat(KFactor.ofCohort(counts, Duration.ofHours(36), true)
                        .orElseThrow()
                        .definition())
                .contains("within PT36H of");
        assertThat(KFactor.ofCohort(counts, Duration.ofDays(1), true)
                        .orElseThrow()
                        .definition())
                .contains("within 1 day of");
        assertThat(cohort(1, 1, 1, 1).definition())
                .isEqualTo("invitations per member × conversion, both within 7 days of the member's activation");
    }

    @Test
    void theVerdictIsThatOfTheWholeInterval() {
        assertThat(poisson(10_000, 1.1).verdict()).isEqualTo(Verdict.EXPONENTIAL);
        assertThat(poisson(10_000, 0.75).verdict()).isEqualTo(Verdict.SUPPLEMENTAL);
        assertThat(poisson(10_000, 0.4).verdict()).isEqualTo(Verdict.NEGLIGIBLE);
        assertThat(poisson(10_000, 0).verdict()).isEqualTo(Verdict.NEGLIGIBLE);
        assertThat(poisson(10_000, 1.01).verdict()).isEqualTo(Verdict.UNCERTAIN);
        assertThat(poisson(10_000, 0.99).verdict()).isEqualTo(Verdict.UNCERTAIN);
        assertThat(poisson(10_000, 0.51).verdict()).isEqualTo(Verdict.UNCERTAIN);
        assertThat(poisson(10_000, 0.49).verdict()).isEqualTo(Verdict.UNCERTAIN);
        assertThat(poisson(10, 1.1).verdict()).isEqualTo(Verdict.UNCERTAIN);
        assertThat(poisson(7, 0).verdict()).isEqualTo(Verdict.UNCERTAIN); // up to 0.53
        assertThat(poisson(8, 0).verdict()).isEqualTo(Verdict.NEGLIGIBLE); // up to 0.46
    }

    @Test
    void oneMemberWhoBroughtEverybodyProvesNothing() {
        assertThat(graph(1_000, 1_500, 1_500 * 1_500).verdict()).isEqualTo(Verdict.UNCERTAIN);
        assertThat(graph(1_000, 1_500, 3_000).verdict()).isEqualTo(Verdict.EXPONENTIAL);
    }

    @Test
    void theTextNeverShowsABareNumber() {
        assertThat(poisson(500, 0.7)).hasToString("0.70 (0.63–0.78, n = 500, mature; edges ÷ members)");
        assertThat(KFactor.ofCohort(ViralCounts.ofMembers(0, 0), WEEK, false).orElseThrow())
                .hasToString("0.00 (0.00–1.84, n = 2, immature; "
                        + "referred users activated within 7 days of the member's activation ÷ members)");
    }

    @Test
    void whatIsMissingToOneIsInvitationsOrConversion() {
        WhatIf whatIf = cohort(100, 350, 50, 70).whatIf().orElseThrow();
        assertThat(whatIf.invitationsNeeded().orElseThrow()).isEqualTo(5, within(1e-12));
        assertThat(whatIf.conversionNeeded().orElseThrow()).isEqualTo(1 / 3.5, within(1e-12));
        assertThat(whatIf.noConversionSuffices()).isFalse();
        assertThat(whatIf)
                .hasToString("K = 1 takes: 5.000 invitations per member at the present conversion of 0.2000; "
                        + "or: a conversion of 0.2857 at the present 3.500 invitations per member");
    }

    @Test
    void aConversionAboveOneIsImpossible() {
        WhatIf whatIf = cohort(100, 80, 50, 20).whatIf().orElseThrow();
        assertThat(whatIf.invitationsNeeded()).hasValue(4);
        assertThat(whatIf.conversionNeeded()).isEmpty();
        assertThat(whatIf.noConversionSuffices()).isTrue();
        assertThat(whatIf.toString()).contains("no conversion suffices at the present 0.8000");
        WhatIf justPossible = cohort(100, 100, 50, 20).whatIf().orElseThrow();
        assertThat(justPossible.conversionNeeded()).hasValue(1);
        assertThat(justPossible.noConversionSuffices()).isFalse();
    }

    @Test
    void aConversionAboveOneIsPossibleWhereItIsTheCase() {
        WhatIf whatIf = cohort(100, 50, 50, 200).whatIf().orElseThrow();
        assertThat(whatIf.conversionNeeded()).hasValue(2);
        assertThat(whatIf.invitationsNeeded()).hasValue(0.25);
    }

    @Test
    void nothingThatConvertsIsNoMultipleOfOne() {
        WhatIf nothingConverted = cohort(100, 200, 50, 0).whatIf().orElseThrow();
        assertThat(nothingConverted.invitationsNeeded()).isEmpty();
        assertThat(nothingConverted.conversionNeeded()).hasValue(0.5);
        assertThat(nothingConverted.toString()).contains("no number of invitations suffices");
        WhatIf nothingSent = cohort(100, 0, 0, 0).whatIf().orElseThrow();
        assertThat(nothingSent.invitationsNeeded()).isEmpty();
        assertThat(nothingSent.conversionNeeded()).isEmpty();
        assertThat(nothingSent.noConversionSuffices()).isTrue();
    }

    @Test
    void aWhatIfOfImpossibleFiguresIsRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new WhatIf(-1, OptionalDouble.empty()))
                .withMessageContaining("invitationsPerMember")
                .withMessageContaining("was -1");
        assertThatIllegalArgumentException()
                .isThrownBy(() -> new WhatIf(1, OptionalDouble.of(Double.NaN)))
                .withMessageContaining("conversion")
                .withMessageContaining("was NaN");
    }
}
