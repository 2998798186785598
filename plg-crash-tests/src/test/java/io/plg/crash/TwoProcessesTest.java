package io.plg.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.crash.Invariants.Reply;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Two JVMs that want the same at the same time: cases 34 and 35. */
final class TwoProcessesTest {
    private static List<Child> children;

    @BeforeAll
    static void start() {
        children = Child.start(2, 10);
    }

    @AfterAll
    static void stop() {
        children.forEach(Child::close);
    }

    @Test
    void a_thousand_identical_requests_to_two_processes_lead_to_one_grant() throws Exception {
        for (int round = 0; round < Form.times(1, 20); round++) {
            String workspace = CrashServer.workspace("same");
            String key = workspace + "-k";

            Map<String, Integer> came = burst(workspace, List.of(key, key), 500);

            assertThat(came.keySet()).as("%s", came).allMatch(each -> each.matches("(executed|replayed)/.+"));
            assertThat(came.values().stream().mapToInt(each -> each).sum()).isEqualTo(1_000);
            String executed = came.keySet().stream()
                    .filter(each -> each.startsWith("executed/"))
                    .reduce((one, another) -> one + another)
                    .orElseThrow();
            assertThat(came).containsEntry(executed, 1);
            String grant = executed.substring("executed/".length());
            assertThat(came).containsOnlyKeys(executed, "replayed/" + grant);
            Invariants.hold(workspace, new Reply(key, grant));
        }
    }

    @Test
    void different_keys_for_one_user_who_gets_it_once_lead_to_one_grant() throws Exception {
        for (int round = 0; round < Form.times(1, 20); round++) {
            String workspace = CrashServer.workspace("once");
            int requests = Form.times(100, 500);

            Map<String, Integer> came = burst(workspace, List.of(workspace + "-a-", workspace + "-b-"), requests);

            assertThat(came.values().stream().mapToInt(each -> each).sum()).isEqualTo(2 * requests);
            assertThat(came.keySet()).as("%s", came).allMatch(each -> each.startsWith("executed/"));
            List<Reply> granted = came.keySet().stream()
                    .filter(each -> !each.endsWith("/null"))
                    .map(each -> each.split("/"))
                    .map(words -> new Reply(words[2], words[1]))
                    .distinct()
                    .toList();
            assertThat(granted).hasSize(1);
            assertThat(CrashServer.count("select count(*) from host.grants where workspace_id = '" + workspace + "'"))
                    .isEqualTo(1);
            Invariants.hold(workspace, granted);
        }
    }

    /** Both processes at the same time; how often what came of it. */
    private static Map<String, Integer> burst(String workspace, List<String> keys, int requests) {
        var calls = new ArrayList<Child.Call>();
        for (int i = 0; i < children.size(); i++) {
            calls.add(children.get(i).call("burst", workspace, keys.get(i), String.valueOf(requests), "50"));
        }
        var came = new TreeMap<String, Integer>();
        for (Child.Call call : calls) {
            String[] words = call.next().split(" ");
            assertThat(words[0]).as(String.join(" ", words)).isEqualTo("came");
            for (int i = 1; i < words.length; i++) {
                String[] counted = words[i].split("=");
                came.merge(counted[0], Integer.valueOf(counted[1]), Integer::sum);
            }
        }
        return came;
    }
}
