package notes;

import static notes.NotesApplication.EXPORTS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.Plg;
import io.plg.UserId;
import io.plg.gate.LimitReached;
import io.plg.reward.Redemption;
import io.plg.reward.RewardState;
import org.junit.jupiter.api.Test;
import org.springframework.beans.factory.annotation.Autowired;
import org.springframework.boot.test.context.SpringBootTest;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.JdbcTemplate;

/** The application has run its tour when the tests begin. */
@SpringBootTest
class NotesTest {
    @Autowired
    private Plg plg;

    @Autowired
    private Accounts accounts;

    @Autowired
    private Exports exports;

    @Autowired
    private Redemptions redemptions;

    @Autowired
    private JdbcTemplate jdbc;

    @Test
    void theTourEndedAsItShould() {
        assertThat(jdbc.queryForObject("select count(*) from export where workspace = 'acme'", Integer.class))
                .isEqualTo(5);
        assertThat(plg.workspace("acme").gates().check(EXPORTS).used()).isEqualTo(5);
        assertThat(plg.workspace("acme").rewards().of("ada"))
                .singleElement()
                .satisfies(reward -> assertThat(reward.state()).isEqualTo(RewardState.ISSUED));
        assertThat(plg.workspace("globex").rewards().of("lin"))
                .singleElement()
                .satisfies(reward -> assertThat(reward.state()).isEqualTo(RewardState.APPROVED));
        assertThat(plg.workspace("acme").referrals().graph().subtreeSizeOf(UserId.of("ada")))
                .hasValue(2);
    }

    @Test
    void anAccountThatCannotBeStoredIsNotReferredEither() {
        String code = plg.workspace("acme").referrals().linkOf("ada").code();
        accounts.signUp("initech", "bill", "bill@example.org", "NO SUCH CODE");

        assertThatThrownBy(() -> accounts.signUp("initech", "bill", "bill@example.org", code))
                .isInstanceOf(DuplicateKeyException.class);

        assertThat(plg.workspace("acme").referrals().graph().depthOf(UserId.of("bill")))
                .isEmpty();
    }

    @Test
    void whatIsBeyondTheLimitLeavesNoRow() {
        for (int i = 0; i < 5; i++) {
            exports.export("hooli", "gavin", "note " + i);
        }

        assertThatThrownBy(() -> exports.export("hooli", "gavin", "one more")).isInstanceOf(LimitReached.class);

        assertThat(jdbc.queryForObject("select count(*) from export where workspace = 'hooli'", Integer.class))
                .isEqualTo(5);
    }

    @Test
    void anotherKeyDoesNotRedeemAgain() {
        var reward = plg.workspace("acme").rewards().of("ada").get(0);

        Redemption again = redemptions
                .redeem("acme", "ada", reward.id(), "another-key-0001")
                .orThrow();

        assertThat(again.status()).isEqualTo(Redemption.Status.ALREADY_REDEEMED);
    }
}
