package io.plg.examples.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

@DisplayName("replay referrals")
class ReferralsCommandTest {
    private static final String EDGES = "referrals --inviter-column from --invitee-column to --edges {} ";
    private static final String TIMED = EDGES + "--time-column at ";
    private static final String MEMBERS =
            "referrals --member-column id --redeemed-column came --issued-column code1 code2 --members {} ";

    /** Not in order of time. In it ada invites bob and cyd, bob dan; eve and fay, who come by themselves, are invited too late. */
    private static final String INVITATIONS = """
            from,to,at
            bob,dan,2026-03-03T00:00:00Z
            ada,bob,2026-03-01T00:00:00Z
            ada,cyd,2026-03-02T00:00:00Z
            eve,bob,2026-04-01T00:00:00Z
            ada,eve,2026-04-02T00:00:00Z
            fay,fay,2026-04-03T00:00:00Z
            ada,fay,2026-04-04T00:00:00Z
            """;

    @TempDir
    Path directory;

    private Path file(String content) throws IOException {
        return Run.write(directory, "rows.csv", content);
    }

    private static Set<String> members(JsonNode subtrees) {
        var members = new HashSet<String>();
        subtrees.forEach(each -> members.add(
                each.get("member").asString() + " " + each.get("size").asLong()));
        return members;
    }

    @Nested
    @DisplayName("answers")
    class Answers {

        @ParameterizedTest(name = "on {0}")
        @EnumSource
        @DisplayName("in JSON of a fixed shape, the same on every store")
        void json(Store store) throws IOException {
            Run run = Run.of(TIMED + "--json " + store.options(), file(INVITATIONS));

            JsonNode k = run.json().get("k");
            assertThat(k.get("low").asDouble()).isBetween(0.0, 0.5);
            assertThat(k.get("high").asDouble()).isGreaterThan(0.5);
            assertThat(run.json()).isEqualTo(Run.json("""
                    {
                      "members": 6, "roots": 3, "edges": 3, "maxDepth": 2, "membersByDepth": [3, 2, 1],
                      "largestSubtrees": [
                        {"member": "ada", "size": 4}, {"member": "bob", "size": 2}, {"member": "cyd", "size": 1},
                        {"member": "dan", "size": 1}, {"member": "eve", "size": 1}, {"member": "fay", "size": 1}],
                      "k": {"value": 0.5, "low": %s, "high": %s, "definition": "edges ÷ members"},
                      "cycleTimeSeconds": {"n": 3, "p50": 86400, "p90": 155520},
                      "rejected": {"ALREADY_SEEN": 3, "SELF_REFERRAL": 1}
                    }
                    """.formatted(k.get("low"), k.get("high"))));
        }

        @Test
        @DisplayName("with K by period in which members were first seen, if asked for")
        void periods() throws IOException {
            JsonNode months = Run.of(TIMED + "--json --period month", file(INVITATIONS))
                    .json()
                    .get("periods");
            JsonNode weeks = Run.of(TIMED + "--json --period week", file(INVITATIONS))
                    .json()
                    .get("periods");

            assertThat(months.size()).isEqualTo(2);
            assertPeriod(months.get(0), "2026-03-01", 4, 3);
            assertPeriod(months.get(1), "2026-04-01", 2, 0);
            assertThat(months.get(0).get("k").get("value").asDouble()).isEqualTo(0.75);
            assertPeriod(weeks.get(0), "2026-02-23", 2, 3);
            assertPeriod(weeks.get(1), "2026-03-02", 2, 0);
            assertThat(weeks.get(2).get("start").asString()).isEqualTo("2026-03-30");
        }

        private static void assertPeriod(JsonNode period, String start, long members, long edges) {
            assertThat(period.get("start").asString()).isEqualTo(start);
            assertThat(period.get("members").asLong()).isEqualTo(members);
            assertThat(period.get("edges").asLong()).isEqualTo(edges);
            assertThat(period.get("k").get("definition").asString()).isEqualTo("edges ÷ members");
        }

        @Test
        @DisplayName("as a table")
        void table() throws IOException {
            assertThat(Run.of(TIMED, file(INVITATIONS)).succeeds().out())
                    .contains("6 members · memory")
                    .contains("  0 (roots)         3             1              0.67  ██████")
                    .contains("members     6: 3 roots and 3 who were referred, 2 generations deep\n")
                    .contains("K           0.50 (95 % interval ", "n = 6; edges ÷ members)\n")
                    .contains("cycle time  half within 1 d, 90 % within 1 d 19 h\n")
                    .contains("  ada                     4  ████████████████████\n")
                    .contains("  2026-03-01        4                 3  0.75 ")
                    .contains("  ALREADY_SEEN      3\n", "  SELF_REFERRAL     1\n");
        }

        @Test
        @DisplayName("as a page that has the figures, escapes names and needs no network")
        void page() throws IOException {
            Path page = directory.resolve("page.html");
            Run.of(TIMED + "--html {}", file(INVITATIONS.replace("ada", "<b>ada")), page)
                    .succeeds();

            assertThat(Files.readString(page))
                    .contains(">0.50<", ">1 d<", "3 roots, 3 referred", "generation 1: 2 members, 1 referred somebody")
                    .contains("2026-03-01: K 0.75 (95 % interval ", "K = 1", "ALREADY_SEEN")
                    .contains("&lt;b&gt;ada")
                    .doesNotContain("<b>ada", "http:", "https:", "NaN", "Infinity", "Wilson");
        }

        @Test
        @DisplayName("without times in the order of the file, with nulls for what needs times")
        void withoutTimes() throws IOException {
            Path rows = file(INVITATIONS);
            JsonNode answer = Run.of(EDGES + "--json", rows).json();

            // bob is in the first row and so is not referred by ada
            assertThat(answer.get("edges").asLong()).isEqualTo(2);
            assertThat(answer.get("cycleTimeSeconds").isNull()).isTrue();
            assertThat(Run.of(EDGES, rows).succeeds().out()).contains("cycle time  – (the input has no times)");
            Run.of(EDGES + "--html {}", rows, directory.resolve("page.html")).succeeds();
        }

        @Test
        @DisplayName("about nobody")
        void empty() throws IOException {
            Path none = file("from,to,at\n");

            assertThat(Run.of(TIMED + "--json --period week", none).json()).isEqualTo(Run.json("""
                    {
                      "members": 0, "roots": 0, "edges": 0, "maxDepth": 0, "membersByDepth": [], "largestSubtrees": [],
                      "k": {"value": null, "low": null, "high": null, "definition": "edges ÷ members"},
                      "cycleTimeSeconds": {"n": 0, "p50": null, "p90": null}, "rejected": {}, "periods": []
                    }
                    """));
            assertThat(Run.of(TIMED + "--html {}", none, directory.resolve("none.html"))
                            .succeeds()
                            .out())
                    .contains("– (there are no members)", "– (nobody was referred)");
        }

        @Test
        @DisplayName("with as many of the largest subtrees as asked for")
        void largest() throws IOException {
            JsonNode answer =
                    Run.of(TIMED + "--json --largest 2", file(INVITATIONS)).json();

            assertThat(members(answer.get("largestSubtrees"))).containsExactlyInAnyOrder("ada 4", "bob 2");
        }
    }

    @Nested
    @DisplayName("takes invitations")
    class Invitations {

        @Test
        @DisplayName("at one instant in the order of the rows and files")
        void ties() throws IOException {
            Path first = file("from,to,at\nada,bob,100\ncyd,bob,100\n");
            Path second = Run.write(directory, "second.csv", "from,to,at\ndan,ada,100\ndan,eve,99\n");

            JsonNode answer = Run.of(TIMED.replace("{}", "{} {}") + "--json --largest 4", first, second)
                    .json();

            assertThat(members(answer.get("largestSubtrees")))
                    .containsExactlyInAnyOrder("ada 2", "dan 2", "bob 1", "cyd 1");
            assertThat(answer.get("cycleTimeSeconds")).isEqualTo(Run.json("{\"n\":2,\"p50\":0,\"p90\":0}"));
        }

        @Test
        @DisplayName("of people who were seen only on the other side as rejected")
        void alreadySeen() throws IOException {
            JsonNode answer = Run.of(EDGES + "--json", file("from,to\nada,bob\ncyd,ada\nbob,cyd\ncyd,bob\nbob,dan\n"))
                    .json();

            assertThat(answer.get("edges").asLong()).isEqualTo(2);
            assertThat(answer.get("roots").asLong()).isEqualTo(2);
            assertThat(answer.get("membersByDepth")).isEqualTo(Run.json("[2,1,1]"));
            assertThat(answer.get("rejected")).isEqualTo(Run.json("{\"ALREADY_SEEN\":3}"));
        }

        @Test
        @DisplayName("and counts rows that cannot be read by reason, and sees nobody in them")
        void unreadable() throws IOException {
            Path rows = file("from,to,at\nada,bob,1\n,cyd,2\nada,NA,3\nada,dan,\neve,fay,soon\nada\n" + "x".repeat(129)
                    + ",gus,4\n\"hal, sr.\",\"ida \"\"i\"\"\",5\n");
            for (String option : List.of("", " --skip-bad-rows")) {
                Run run = Run.of(TIMED + "--json" + option, rows);

                assertThat(run.json().get("rejected"))
                        .isEqualTo(Run.json("{\"BAD_ID\":1,\"BAD_TIME\":1,\"MISSING_VALUE\":4}"));
                assertThat(members(run.json().get("largestSubtrees")))
                        .containsExactlyInAnyOrder("ada 2", "bob 1", "hal, sr. 2", "ida \"i\" 1");
                assertThat(run.err())
                        .contains("replay: skipped 6 bad rows, the first: " + rows
                                + ", line 3: column \"from\" must not be empty");
            }
        }

        @ParameterizedTest(name = "{0}")
        @ValueSource(longs = {1, 2, 3, 4, 5, 6})
        @DisplayName("with the figures of a naive count")
        void oracle(long seed) throws IOException {
            var random = new Random(seed);
            var rows = new ArrayList<String[]>();
            var csv = new StringBuilder("from,to,at\n");
            for (int i = 0; i < 200; i++) {
                String[] row = {
                    "u" + random.nextInt(60), "u" + random.nextInt(60), String.valueOf(random.nextInt(80) - 20)
                };
                rows.add(row);
                csv.append(String.join(",", row)).append('\n');
            }
            rows.sort(Comparator.comparingLong(row -> Long.parseLong(row[2])));
            var depth = new HashMap<String, Integer>();
            long edges = 0;
            for (String[] row : rows) {
                boolean referred = !row[0].equals(row[1]) && !depth.containsKey(row[1]);
                int above = depth.computeIfAbsent(row[0], who -> 0);
                depth.putIfAbsent(row[1], above + 1);
                edges += referred ? 1 : 0;
            }

            JsonNode answer = Run.of(TIMED + "--json", file(csv.toString())).json();

            assertThat(answer.get("members").asLong()).isEqualTo(depth.size());
            assertThat(answer.get("edges").asLong()).isEqualTo(edges);
            int deepest = depth.values().stream().mapToInt(each -> each).max().orElse(0);
            assertThat(answer.get("maxDepth").asInt()).isEqualTo(deepest);
            for (int i = 0; i <= deepest; i++) {
                int generation = i;
                assertThat(answer.get("membersByDepth").get(i).asLong())
                        .isEqualTo(depth.values().stream()
                                .filter(each -> each == generation)
                                .count());
            }
            long rejected = answer.get("rejected")
                    .valueStream()
                    .mapToLong(JsonNode::asLong)
                    .sum();
            assertThat(rejected).isEqualTo(rows.size() - edges);
        }
    }

    @Nested
    @DisplayName("takes codes")
    class Codes {

        @ParameterizedTest(name = "on {0}")
        @EnumSource
        @DisplayName("of whoever has them first, after all were read, and refuses what cannot be")
        void codes(Store store) throws IOException {
            Path rows = file("""
                    id,came,code1,code2
                    ada,c9,c1,c2
                    bob,c1,c3,NA
                    cyd,c2,c1,c4
                    dan,C3 ,,
                    eve,c5,c5,
                    fay,c7,c6,
                    gus,c6,c7,
                    hal,none,,
                    ida,,,
                    dan,c1,,
                    jon,,c9,
                    ida,c4,,
                    """);

            JsonNode answer =
                    Run.of(MEMBERS + "--json " + store.options(), rows).json();

            assertThat(answer.get("rejected"))
                    .isEqualTo(
                            Run.json("{\"ALREADY_ATTRIBUTED\":1,\"LOOP\":1,\"SELF_REFERRAL\":1,\"UNKNOWN_CODE\":1}"));
            assertThat(answer.get("members").asLong()).isEqualTo(10);
            assertThat(answer.get("roots").asLong()).isEqualTo(4);
            assertThat(answer.get("edges").asLong()).isEqualTo(6);
            assertThat(answer.get("membersByDepth")).isEqualTo(Run.json("[4,2,2,2]"));
            assertThat(answer.get("k").get("value").asDouble()).isEqualTo(0.6);
            assertThat(members(answer.get("largestSubtrees")))
                    .containsExactlyInAnyOrder(
                            "jon 6", "ada 5", "bob 2", "cyd 2", "gus 2", "dan 1", "eve 1", "fay 1", "hal 1", "ida 1");
        }

        @Test
        @DisplayName("in the order of time; who came before the referrer has a negative cycle time")
        void timeOrder() throws IOException {
            Path rows = file("id,came,code1,code2,at\nada,c2,c1,,300\nbob,c1,c2,,100\ncyd,c1,,,200\n");

            Run run = Run.of(MEMBERS + "--time-column at --json", rows);

            // bob comes first and is referred by ada, so ada's own code would make a loop
            assertThat(run.json().get("rejected")).isEqualTo(Run.json("{\"LOOP\":1}"));
            assertThat(members(run.json().get("largestSubtrees"))).containsExactlyInAnyOrder("ada 3", "bob 1", "cyd 1");
            assertThat(run.json().get("cycleTimeSeconds")).isEqualTo(Run.json("{\"n\":2,\"p50\":-150,\"p90\":-110}"));
            assertThat(Run.of(MEMBERS + "--time-column at", rows).succeeds().out())
                    .contains("2 were there before their referrer");
        }

        @Test
        @DisplayName("and counts rows that cannot be read, whose codes then belong to nobody")
        void unreadable() throws IOException {
            Path rows = file("id,came,code1,code2,at\n,,c1,,1\nada,,c2,,soon\nbob,c1,,,2\ncyd,c2,,,3\ndan,,\n");

            assertThat(Run.of(MEMBERS + "--time-column at --json", rows).json().get("rejected"))
                    .isEqualTo(Run.json("{\"BAD_TIME\":1,\"MISSING_VALUE\":2,\"UNKNOWN_CODE\":2}"));
        }

        @ParameterizedTest(name = "{0}")
        @ValueSource(longs = {1, 2, 3, 4, 5, 6})
        @DisplayName("with the figures of a naive count")
        void oracle(long seed) throws IOException {
            var random = new Random(seed);
            int people = 50;
            var csv = new StringBuilder("id,came,code1,code2\n");
            Map<String, String> owners = new HashMap<>();
            var redeemed = new ArrayList<String[]>();
            for (int i = 0; i < people; i++) {
                String[] row = {
                    "u" + random.nextInt(40),
                    random.nextInt(4) == 0 ? "" : "c" + random.nextInt(70),
                    "c" + random.nextInt(60),
                    "c" + random.nextInt(60)
                };
                csv.append(String.join(",", row)).append('\n');
                owners.putIfAbsent(row[2], row[0]);
                owners.putIfAbsent(row[3], row[0]);
                redeemed.add(row);
            }
            Map<String, String> parents = new HashMap<>();
            var all = new HashSet<String>();
            var reasons = new HashMap<String, Long>();
            for (String[] row : redeemed) {
                all.add(row[0]);
                if (!row[1].isEmpty()) {
                    String reason = refer(parents, owners.get(row[1]), row[0]);
                    reasons.merge(reason, 1L, Long::sum);
                }
            }
            reasons.remove("");

            JsonNode answer = Run.of(MEMBERS + "--json --largest 40", file(csv.toString()))
                    .json();

            assertThat(answer.get("members").asLong()).isEqualTo(all.size());
            assertThat(answer.get("edges").asLong()).isEqualTo(parents.size());
            var counted = new HashMap<String, Long>();
            answer.get("rejected")
                    .properties()
                    .forEach(each -> counted.put(each.getKey(), each.getValue().asLong()));
            assertThat(counted).isEqualTo(reasons);
            var sizes = new HashSet<String>();
            all.forEach(who -> sizes.add(who + " " + size(parents, all, who)));
            assertThat(members(answer.get("largestSubtrees"))).isEqualTo(sizes);
        }

        private static String refer(
                Map<String, String> parents, @org.jspecify.annotations.Nullable String by, String who) {
            if (by == null) {
                return "UNKNOWN_CODE";
            }
            if (by.equals(who)) {
                return "SELF_REFERRAL";
            }
            if (parents.containsKey(who)) {
                return "ALREADY_ATTRIBUTED";
            }
            for (String up = by; up != null; up = parents.get(up)) {
                if (up.equals(who)) {
                    return "LOOP";
                }
            }
            parents.put(who, by);
            return "";
        }

        private static long size(Map<String, String> parents, Set<String> all, String top) {
            long size = 0;
            var open = new ArrayDeque<>(List.of(top));
            while (!open.isEmpty()) {
                String next = open.remove();
                size++;
                all.stream().filter(who -> next.equals(parents.get(who))).forEach(open::add);
            }
            return size;
        }
    }

    @Test
    @DisplayName("reads gzipped files without a header")
    void gzipped() throws IOException {
        Path packed = directory.resolve("rows.bin");
        try (var out = new java.util.zip.GZIPOutputStream(Files.newOutputStream(packed))) {
            out.write("1\t2\t10\n2\t3\t20\n".getBytes(java.nio.charset.StandardCharsets.UTF_8));
        }

        assertThat(Run.of(
                                "referrals --edges {} --no-header --delimiter \\t --inviter-column 1 --invitee-column 2 --time-column 3 --json",
                                packed)
                        .json()
                        .get("membersByDepth"))
                .isEqualTo(Run.json("[1,1,1]"));
    }

    @Test
    @DisplayName("says in one line what is wrong")
    void mistakes() throws IOException {
        Path rows = file(INVITATIONS);
        Run.of("referrals").failsSaying("either --edges FILE or --members FILE is needed, there is neither");
        Run.of("referrals --edges {} --members {}", rows, rows)
                .failsSaying("--edges and --members exclude each other, both are there");
        Run.of("referrals --edges {} --inviter-column from", rows).failsSaying("--edges needs --invitee-column");
        Run.of("referrals --members {} --member-column id --redeemed-column c", rows)
                .failsSaying("--members needs --issued-column");
        Run.of(EDGES + "--issued-column code", rows)
                .failsSaying("--issued-column belongs to --members, not to --edges");
        Run.of("referrals --members {} --inviter-column from", rows)
                .failsSaying("--inviter-column belongs to --edges, not to --members");
        Run.of(EDGES + "--period week", rows).failsSaying("--period needs --time-column");
        Run.of(EDGES + "--largest 0", rows).failsSaying("--largest must be 1 to 10000, was 0");
        Run.of(EDGES.replace("to ", "who "), rows)
                .failsSaying(
                        rows + ", line 1: expected column \"who\" (--invitee-column), the columns are from, to, at");
        Run.of(MEMBERS, rows)
                .failsSaying(rows + ", line 1: expected column \"id\" (--member-column), the columns are from, to, at");
        Path missing = directory.resolve("missing.csv");
        Run.of(EDGES, missing).failsSaying(missing + ": no such file");
    }

    @Test
    @DisplayName("keeps each run in a workspace and a program of its own in a database of the user")
    void workspaces() throws Exception {
        String url = "jdbc:h2:mem:referrals-kept;DB_CLOSE_DELAY=-1";
        Path rows = file(INVITATIONS);
        Run first = Run.of(TIMED + "--json --jdbc-url {}", rows, url);
        Run second = Run.of(TIMED + "--json --jdbc-url {}", rows, url);

        assertThat(second.json()).isEqualTo(first.json());
        assertThat(first.err()).contains("replay: stored in schema plg, workspace replay-");
        try (var connection = DriverManager.getConnection(url);
                var found = connection
                        .createStatement()
                        .executeQuery(
                                "select count(distinct workspace_id), count(*) from plg.referral where parent_id is not null")) {
            found.next();
            assertThat(found.getInt(1)).isEqualTo(2);
            assertThat(found.getInt(2)).isEqualTo(6);
        }
    }

    @Test
    @DisplayName("explains itself")
    void help() {
        assertThat(Run.of("--help").succeeds().out()).contains("referrals");
        assertThat(Run.of("help referrals").succeeds().out())
                .contains("--edges", "--members", "--issued-column", "--time-column", "--jdbc-url");
    }
}
