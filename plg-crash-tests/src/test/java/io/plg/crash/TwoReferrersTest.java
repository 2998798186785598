package io.plg.crash;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.referral.Attribution;
import io.plg.referral.NewUser;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** JVMs that bind people to each other at the same time: never in a circle, and never fewer of them than can be. */
final class TwoReferrersTest {
    private static List<Child> children;
    private static Node node;

    @BeforeAll
    static void start() {
        children = Child.start(2, 8);
        node = Node.on(CrashServer.app(), 8);
    }

    @AfterAll
    static void stop() {
        children.forEach(Child::close);
        node.close();
    }

    @Test
    void of_two_who_refer_each_other_at_the_same_time_exactly_one_is_bound() throws Exception {
        for (int round = 0; round < Form.times(1, 10); round++) {
            String one = CrashServer.workspace("pairs");
            String other = CrashServer.workspace("pairs");
            List<List<String>> circles = new ArrayList<>();
            for (int i = 0; i < 100; i++) {
                // Of one workspace, of two, and of those who have referred others before.
                circles.add(List.of(newcomer(one, "a", i), newcomer(one, "b", i)));
                circles.add(List.of(newcomer(one, "c", i), newcomer(other, "d", i)));
                if (i % 2 == 0) {
                    circles.add(List.of(grandparent(one, "e", i), grandparent(i % 4 == 0 ? one : other, "f", i)));
                }
            }

            List<String> came = bind(circles);

            assertThat(came).allMatch(each -> each.equals("bl") || each.equals("lb"));
            ReferralInvariants.hold(one, other);
            assertThat(ReferralInvariants.loops(Friends.PLAIN)).isEmpty();
        }
    }

    @Test
    void of_three_who_refer_each_other_in_a_circle_exactly_two_are_bound() throws Exception {
        for (int round = 0; round < Form.times(1, 10); round++) {
            String one = CrashServer.workspace("threes");
            String other = CrashServer.workspace("threes");
            List<List<String>> circles = new ArrayList<>();
            for (int i = 0; i < 60; i++) {
                circles.add(List.of(
                        newcomer(one, "a", i), newcomer(i % 2 == 0 ? one : other, "b", i), newcomer(other, "c", i)));
            }

            List<String> came = bind(circles);

            assertThat(came).allMatch(each -> List.of("bbl", "blb", "lbb").contains(each));
            ReferralInvariants.hold(one, other);
            assertThat(ReferralInvariants.loops(Friends.PLAIN)).isEmpty();
        }
    }

    @Test
    void somebody_who_is_bound_by_one_and_activated_by_another_at_the_same_time_is_rewarded() throws Exception {
        for (String first : List.of("bind", "activate")) {
            String workspace = CrashServer.workspace("halves");
            String user = "lin-" + workspace;
            String code = Friends.code(node.plg(), workspace, Friends.AT_ONCE, "ada-" + workspace);
            Child.Call half = children.get(0).call("friends", "half", first, code, workspace, user);
            half.reaches(first);
            CompletableFuture<Void> other = CompletableFuture.runAsync(() -> {
                if (first.equals("bind")) {
                    Friends.activate(node.plg(), workspace, user);
                } else {
                    Friends.attribute(node.plg(), code, workspace, user);
                }
            });
            Invariants.pause(300);
            half.goOn();
            assertThat(half.next()).isEqualTo("done");
            other.get(20, TimeUnit.SECONDS);

            assertThat(node.plg().workspace(workspace).rewards().of(user))
                    .as("first %s", first)
                    .hasSize(2);
            ReferralInvariants.hold(workspace);
        }
    }

    /** The negative control: what looks for circles finds them. */
    @Test
    void a_circle_that_somebody_has_written_is_found_in_the_graph_and_in_the_directory() throws Exception {
        String workspace = CrashServer.workspace("circle");
        CrashServer.execute(
                CrashServer.superuser(),
                "insert into plg.referral (workspace_id, program, id, actor_id, parent_id, jump_length, size, counted, stages, standing)"
                        + " select '" + workspace
                        + "', 'circle', x.id::uuid, x.actor, x.parent::uuid, 1, 1, true, '{}', 0 from (values"
                        + " ('01a203d9-b34b-7898-9026-b768a3511901', 'ada', '01a203d9-b34b-7898-9026-b768a3511902'),"
                        + " ('01a203d9-b34b-7898-9026-b768a3511902', 'bob', '01a203d9-b34b-7898-9026-b768a3511903'),"
                        + " ('01a203d9-b34b-7898-9026-b768a3511903', 'cleo', '01a203d9-b34b-7898-9026-b768a3511901')) x (id, actor, parent)",
                "insert into plg_directory.referral (program, user_hash, referrer_hash, workspace_id, jump_length) values"
                        + " ('circle', sha256('ada'), sha256('bob'), 'circle', 1), ('circle', sha256('bob'), sha256('ada'), 'circle', 1)");

        assertThat(ReferralInvariants.loops("circle"))
                .hasSize(5)
                .filteredOn(each -> each.startsWith("in the graph"))
                .hasSize(3);
        assertThat(ReferralInvariants.loops(Friends.PLAIN)).isEmpty();
    }

    /** Somebody whose code is followed, as {@code code:user}. */
    private static String newcomer(String workspace, String name, int i) {
        String user = name + i + "-" + workspace;
        return Friends.code(node.plg(), workspace, Friends.PLAIN, user) + ":" + user;
    }

    /** Somebody who has referred somebody who is followed: the code is of the one, the user is the other. */
    private static String grandparent(String workspace, String name, int i) {
        String[] above = newcomer(workspace, name, i).split(":");
        String[] below = newcomer(workspace, name + "-below", i).split(":");
        Attribution attribution = node.plg().signUps().attribute(above[0], NewUser.of(below[1]));
        assertThat(attribution.attributed()).as("%s", attribution).isTrue();
        return below[0] + ":" + above[1];
    }

    /**
     * Binds in each circle everybody to the next, all at the same time: the first children bind one each, and this process a third if there is one.
     *
     * @return for each circle a letter for each: bound, or loop
     */
    private static List<String> bind(List<List<String>> circles) throws Exception {
        int size = circles.get(0).size();
        long start = System.currentTimeMillis() + 200;
        List<Child.Call> calls = new ArrayList<>();
        for (int i = 0; i < children.size(); i++) {
            calls.add(
                    children.get(i).call("friends", "bind", String.valueOf(start), String.join(",", turn(circles, i))));
        }
        List<String> came = new ArrayList<>();
        if (size > children.size()) {
            came.add(CompletableFuture.supplyAsync(() -> here(start, turn(circles, children.size())))
                    .get(60, TimeUnit.SECONDS));
        }
        for (int i = 0; i < calls.size(); i++) {
            came.add(i, calls.get(i).next());
        }
        List<String> letters = new ArrayList<>();
        for (int i = 0; i < circles.size(); i++) {
            var each = new StringBuilder();
            for (String all : came) {
                assertThat(all).matches("came [a-z?]+");
                each.append(all.charAt("came ".length() + i));
            }
            letters.add(each.toString());
        }
        return letters;
    }

    private static String here(long start, List<String> all) {
        try {
            return FriendsWork.bind(node, start, all);
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Whom one process binds to whom: in each circle one to the next. */
    private static List<String> turn(List<List<String>> circles, int which) {
        return circles.stream()
                .map(circle -> {
                    String referrer = circle.get(which).split(":")[0];
                    String user = circle.get((which + 1) % circle.size()).split(":")[1];
                    return referrer + ":" + user;
                })
                .toList();
    }
}
