package io.plg.crash;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.OutcomeUnknown;
import io.plg.crash.CuttingProxy.Cut;
import io.plg.crash.Rewards.Granted;
import io.plg.idempotency.Outcome;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Connections that break at the commit: case 40. */
final class CutConnectionTest {
    private static CuttingProxy proxy;
    private static Node node;

    @BeforeAll
    static void start() throws Exception {
        proxy = new CuttingProxy();
        node = Node.on(Node.connections(CrashServer.url(proxy.port())), 2);
    }

    @AfterAll
    static void stop() throws Exception {
        node.close();
        proxy.close();
    }

    @Test
    void a_commit_whose_reply_is_lost_is_an_unknown_outcome_and_the_retry_replays_it() throws Exception {
        for (int i = 0; i < Form.times(10, 100); i++) {
            String workspace = CrashServer.workspace("cut");
            String key = workspace + "-k";
            proxy.cutNextCommit(Cut.AFTER_COMMIT);

            assertThatThrownBy(() -> node.redeem(workspace, key)).isInstanceOf(OutcomeUnknown.class);

            assertThat(proxy.cutAfterCommit()).isTrue();
            List<String> granted = grants(workspace);
            assertThat(granted).hasSize(1);
            Outcome<Granted> retry = node.redeem(workspace, key);
            assertThat(retry)
                    .isInstanceOfSatisfying(
                            Outcome.Replayed.class,
                            replayed ->
                                    assertThat(replayed.effectId().toString()).isEqualTo(granted.get(0)));
            Invariants.hold(workspace, Invariants.reply(key, retry));
        }
    }

    @Test
    void a_commit_that_never_arrives_is_an_unknown_outcome_and_the_retry_executes() throws Exception {
        for (int i = 0; i < Form.times(3, 100); i++) {
            String workspace = CrashServer.workspace("uncut");
            String key = workspace + "-k";
            proxy.cutNextCommit(Cut.BEFORE_COMMIT);

            assertThatThrownBy(() -> node.redeem(workspace, key)).isInstanceOf(OutcomeUnknown.class);

            assertThat(proxy.hasCut()).isTrue();
            assertThat(grants(workspace)).isEmpty();
            Outcome<Granted> retry = node.redeem(workspace, key);
            assertThat(retry).isInstanceOf(Outcome.Executed.class);
            Invariants.hold(workspace, Invariants.reply(key, retry));
        }
    }

    @Test
    void a_leased_settlement_whose_reply_is_lost_is_replayed() throws Exception {
        for (int i = 0; i < Form.times(2, 100); i++) {
            String workspace = CrashServer.workspace("leasecut");
            String key = workspace + "-k";
            var calls = new ArrayList<String>();
            proxy.cutNextCommit(Cut.AFTER_COMMIT);

            assertThatThrownBy(() -> leased(workspace, key, calls)).isInstanceOf(OutcomeUnknown.class);

            assertThat(proxy.cutAfterCommit()).isTrue();
            Outcome<Granted> retry = leased(workspace, key, calls);
            assertThat(retry).isInstanceOf(Outcome.Replayed.class);
            assertThat(calls).hasSize(1);
            Invariants.hold(workspace, Invariants.reply(key, retry));
        }
    }

    @Test
    void a_leased_settlement_that_never_arrives_is_done_again_with_the_same_key_for_the_other_system()
            throws Exception {
        for (int i = 0; i < Form.times(2, 100); i++) {
            String workspace = CrashServer.workspace("leaseuncut");
            String key = workspace + "-k";
            var calls = new ArrayList<String>();
            proxy.cutNextCommit(Cut.BEFORE_COMMIT);

            assertThatThrownBy(() -> leased(workspace, key, calls)).isInstanceOf(OutcomeUnknown.class);

            assertThat(grants(workspace)).isEmpty();
            Outcome<Granted> retry = leased(workspace, key, calls);
            assertThat(retry).isInstanceOf(Outcome.Executed.class);
            assertThat(calls).hasSize(2);
            assertThat(calls.get(1)).isEqualTo(calls.get(0));
            Invariants.hold(workspace, Invariants.reply(key, retry));
        }
    }

    private static Outcome<Granted> leased(String workspace, String key, List<String> calls) throws Exception {
        return node.redeemLeased(Rewards.REDEEM, workspace, key, lease -> {
            calls.add(lease.key().value());
            return "answered";
        });
    }

    private static List<String> grants(String workspace) {
        String ids = CrashServer.text(
                CrashServer.superuser(),
                "select string_agg(id::text, ' ') from host.grants where workspace_id = '" + workspace + "'");
        return ids == null ? List.of() : List.of(ids.split(" "));
    }
}
