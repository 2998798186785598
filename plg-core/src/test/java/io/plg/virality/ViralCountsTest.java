package io.plg.virality;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.Size;
import org.junit.jupiter.api.Test;

class ViralCountsTest {
    private static final OptionalLong UNKNOWN = OptionalLong.empty();

    private static ViralCounts counts(long members, long invitations, long senders, long converted, long squares) {
        return new ViralCounts(members, OptionalLong.of(invitations), OptionalLong.of(senders), converted, squares);
    }

    @Test
    void membersAreSummedUp() {
        assertThat(ViralCounts.ofMembers(new long[] {5, 0, 2, 0}, new long[] {3, 0, 1, 2}))
                .isEqualTo(counts(4, 7, 2, 6, 14));
        assertThat(ViralCounts.ofMembers(3, 0, 1, 2)).isEqualTo(new ViralCounts(4, UNKNOWN, UNKNOWN, 6, 14));
    }

    @Test
    void referrersOfAGraphAreAmongMembersWhoBroughtNobody() {
        assertThat(ViralCounts.ofReferrers(4, 3, 1, 2)).isEqualTo(ViralCounts.ofMembers(3, 0, 1, 2));
        assertThat(ViralCounts.ofReferrers(4)).isEqualTo(ViralCounts.ofMembers(0, 0, 0, 0));
    }

    @Property(tries = 300)
    void theSumOfPartsIsTheWhole(
            @ForAll @Size(max = 20) List<@LongRange(max = 100_000) Long> numbers, @ForAll @IntRange(max = 20) int cut) {
        long[] referred = numbers.stream().mapToLong(each -> each).toArray();
        int at = Math.min(cut, referred.length);
        long[] invitations = Arrays.stream(referred).map(each -> each / 2).toArray();
        ViralCounts parts = of(invitations, referred, 0, at).plus(of(invitations, referred, at, referred.length));
        assertThat(parts).isEqualTo(ViralCounts.ofMembers(invitations, referred));
        assertThat(parts.squares())
                .isEqualTo(Arrays.stream(referred).map(each -> each * each).sum());
    }

    private static ViralCounts of(long[] invitations, long[] referred, int from, int to) {
        return ViralCounts.ofMembers(Arrays.copyOfRange(invitations, from, to), Arrays.copyOfRange(referred, from, to));
    }

    @Test
    void invitationsAreUnknownIfTheyAreUnknownOfAPart() {
        ViralCounts known = ViralCounts.ofMembers(new long[] {2}, new long[] {1});
        ViralCounts unknown = ViralCounts.ofMembers(1);
        ViralCounts both = new ViralCounts(2, UNKNOWN, UNKNOWN, 2, 2);
        assertThat(known.plus(unknown)).isEqualTo(both);
        assertThat(unknown.plus(known)).isEqualTo(both);
    }

    @Test
    void noMembersChangeNothing() {
        ViralCounts known = ViralCounts.ofMembers(new long[] {2}, new long[] {1});
        assertThat(ViralCounts.none().plus(known)).isEqualTo(known);
        assertThat(known.plus(ViralCounts.none())).isEqualTo(known);
        assertThat(counts(0, 0, 0, 0, 0)).isEqualTo(ViralCounts.none());
        assertThat(ViralCounts.ofMembers()).isEqualTo(ViralCounts.none());
    }

    @Test
    void oneInvitationMayBringSeveralUsers() {
        assertThat(counts(1, 1, 1, 5, 25).converted()).isEqualTo(5);
    }

    @Test
    void countsThatContradictEachOtherAreRefused() {
        refused(() -> new ViralCounts(-1, UNKNOWN, UNKNOWN, 0, 0), "members", "was -1");
        refused(() -> new ViralCounts(1, UNKNOWN, UNKNOWN, -2, 0), "converted", "was -2");
        refused(() -> new ViralCounts(1, UNKNOWN, UNKNOWN, 0, -3), "squares", "was -3");
        refused(() -> counts(1, -4, 0, 0, 0), "invitations", "was -4");
        refused(() -> counts(1, 0, -5, 0, 0), "senders", "was -5");
        refused(() -> counts(2, 9, 3, 0, 0), "members = 2", "was 3");
        refused(() -> counts(9, 2, 3, 0, 0), "1 to 2", "was 3");
        refused(() -> counts(9, 2, 0, 0, 0), "1 to 2", "was 0");
        refused(() -> counts(9, 0, 1, 0, 0), "0 with invitations = 0", "was 1");
        refused(() -> new ViralCounts(1, OptionalLong.of(1), UNKNOWN, 0, 0), "both", "empty");
        refused(() -> new ViralCounts(1, UNKNOWN, OptionalLong.of(1), 0, 0), "both", "empty");
        refused(() -> new ViralCounts(9, UNKNOWN, UNKNOWN, 3, 2), "squares", "was 2");
        refused(() -> new ViralCounts(9, UNKNOWN, UNKNOWN, 3, 10), "squares", "was 10");
        refused(() -> new ViralCounts(2, UNKNOWN, UNKNOWN, 3, 4), "squares", "was 4");
        refused(() -> new ViralCounts(0, UNKNOWN, UNKNOWN, 1, 1), "squares", "members = 0");
        refused(() -> ViralCounts.ofMembers(1, -1), "referred", "was -1");
        refused(() -> ViralCounts.ofMembers(new long[] {-1}, new long[] {0}), "invitations", "was -1");
        refused(() -> ViralCounts.ofMembers(new long[2], new long[3]), "had 2 and 3");
        refused(() -> ViralCounts.ofReferrers(1, 1, 1), "members = 1", "had 2");
        refused(() -> ViralCounts.ofReferrers(-1), "members", "was -1");
    }

    private static void refused(Runnable call, String... words) {
        assertThatIllegalArgumentException().isThrownBy(call::run).withMessageContainingAll(words);
    }

    @Test
    void sumsThatAreTooLargeAreRefusedAndNotWrapped() {
        ViralCounts most = new ViralCounts(Long.MAX_VALUE, UNKNOWN, UNKNOWN, 0, 0);
        assertThatExceptionOfType(ArithmeticException.class)
                .isThrownBy(() -> most.plus(ViralCounts.ofMembers(0)))
                .withMessageContaining("members");
        assertThatExceptionOfType(ArithmeticException.class)
                .isThrownBy(() -> ViralCounts.ofMembers(3_037_000_500L))
                .withMessageContaining("squares");
        assertThat(ViralCounts.ofMembers(3_037_000_499L).squares()).isEqualTo(3_037_000_499L * 3_037_000_499L);
    }
}
