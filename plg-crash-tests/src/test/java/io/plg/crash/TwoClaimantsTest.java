package io.plg.crash;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Two JVMs that claim from a campaign at the same time, each request with an idempotency key of its own. */
final class TwoClaimantsTest {
    private static List<Child> children;
    private static Node node;

    @BeforeAll
    static void start() {
        children = Child.start(2, 10);
        node = Node.on(CrashServer.app(), 2);
    }

    @AfterAll
    static void stop() {
        children.forEach(Child::close);
        node.close();
    }

    @Test
    void a_thousand_different_keys_for_one_user_lead_to_one_reward() throws Exception {
        for (int round = 0; round < Form.times(1, 20); round++) {
            String workspace = CrashServer.workspace("claims");

            Map<String, Integer> came = claim(workspace, Friends.ENDLESS, "ann");

            assertThat(came).isEqualTo(Map.of("REDEEMED", 1, "ALREADY_REDEEMED", 999));
            assertThat(node.plg().workspace(workspace).rewards().of("ann")).hasSize(1);
            assertThat(balance(workspace)).isEqualTo(Friends.CENTS);
            ReferralInvariants.hold(workspace);
        }
    }

    @Test
    void of_a_thousand_users_exactly_as_many_get_it_as_there_are() throws Exception {
        for (int round = 0; round < Form.times(1, Friends.STOCKED); round++) {
            String workspace = CrashServer.workspace("stock");
            String campaign = Friends.stocked(round);

            Map<String, Integer> came = claim(workspace, campaign, "-");

            int stock = (int) Friends.STOCK;
            assertThat(came).isEqualTo(Map.of("REDEEMED", stock, "LIMIT_REACHED", 1_000 - stock));
            assertThat(CrashServer.count("select count(*) from plg.reward where workspace_id = '" + workspace + "'"))
                    .isEqualTo(stock);
            assertThat(CrashServer.count(
                            "select taken from plg_directory.reward_cap where program = '" + campaign + "'"))
                    .isEqualTo(stock);
            ReferralInvariants.hold(workspace);
        }
    }

    /** The negative control: what somebody has written past plg is found. */
    @Test
    void a_second_entry_a_wrong_amount_and_a_missing_event_are_found() throws Exception {
        String workspace = CrashServer.workspace("seeded");
        for (String user : List.of("ann", "bob", "cleo")) {
            node.plg().workspace(workspace).rewards().claim(Friends.ENDLESS, user);
        }
        ReferralInvariants.hold(workspace);
        CrashServer.execute(
                CrashServer.superuser(),
                "insert into plg.reward_entry select workspace_id, gen_random_uuid(), reward_id, actor_id, unit, amount, kind, recorded_at"
                        + " from plg.reward_entry where actor_id = 'ann' and workspace_id = '" + workspace + "'",
                "update plg.reward_entry set amount = 1999 where actor_id = 'bob' and workspace_id = '" + workspace
                        + "'",
                "delete from plg.growth_event where user_id = 'cleo' and workspace_id = '" + workspace + "'",
                "insert into plg.entitlement select workspace_id, gen_random_uuid(), 'grant', 'millions', now(), null, now(), 1, '{}'"
                        + " from plg.reward where actor_id = 'ann' and workspace_id = '" + workspace + "'");

        assertThat(ReferralInvariants.violations(workspace))
                .hasSize(4)
                .anyMatch(each -> each.endsWith("is ISSUED with 2 entries that give and a sum of 4000"))
                .anyMatch(each -> each.endsWith("is ISSUED with 1 entries that give and a sum of 1999"))
                .anyMatch(each -> each.endsWith("and its events say nothing"))
                .anyMatch(each -> each.startsWith("grant") && each.endsWith("and reward none, none, do not fit"));
    }

    private static long balance(String workspace) {
        return node.plg()
                .workspace(workspace)
                .rewards()
                .balanceOf("ann")
                .money("USD")
                .minorUnits();
    }

    /** Both processes at the same time, 500 claims each; how often what came of it. */
    private static Map<String, Integer> claim(String workspace, String campaign, String user) {
        var calls = new ArrayList<Child.Call>();
        for (int i = 0; i < children.size(); i++) {
            calls.add(children.get(i)
                    .call("friends", "claim", workspace, campaign, workspace + "-" + i + "-", "500", "10", user));
        }
        var came = new TreeMap<String, Integer>();
        for (Child.Call call : calls) {
            String answer = call.next();
            assertThat(answer).matches("came \\{.+}");
            for (String each :
                    answer.substring("came {".length(), answer.length() - 1).split(",")) {
                String[] counted = each.split("=");
                came.merge(counted[0], Integer.valueOf(counted[1]), Integer::sum);
            }
        }
        return came;
    }
}
