package io.plg.examples.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.DriverManager;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import tools.jackson.databind.JsonNode;

@DisplayName("replay activation")
class ActivationCommandTest {
    private static final String USERS = """
            id,signed_up,activated,company
            ada,2026-03-01T08:00:00Z,2026-03-01T10:00:00Z,acme
            bob,2026-03-02 08:00:00,NA,acme
            cyd,2026-03-03,2026-03-03T04:00:00Z,globex
            dan,2026-04-01T00:00:00Z,,globex
            eve,1775088000,\\N,
            fay,2026-04-03,1775174400,
            ada,2026-05-01,2026-05-02,other
            """;
    private static final String COMMAND =
            "activation --user-column id --signed-up-column signed_up --activated-column activated --users {} ";

    @TempDir
    Path directory;

    private Path users;

    @BeforeEach
    void write() throws IOException {
        users = Run.write(directory, "users.csv", USERS);
    }

    @ParameterizedTest(name = "on {0}")
    @EnumSource
    @DisplayName("answers in JSON of a fixed shape, the same on every store")
    void json(Store store) {
        Run run = Run.of(COMMAND + "--json --by company --period month " + store.options(), users);

        assertThat(run.json()).isEqualTo(Run.json("""
                                {
                                  "signedUp": 6, "activated": 3, "rate": 0.5,
                                  "timeToActivationSeconds": {"n": 3, "mean": 7200, "p50": 7200, "p90": 12960},
                                  "by": {
                                    "(none)": {"signedUp": 2, "activated": 1, "rate": 0.5,
                                      "timeToActivationSeconds": {"n": 1, "mean": 0, "p50": 0, "p90": 0}},
                                    "acme": {"signedUp": 2, "activated": 1, "rate": 0.5,
                                      "timeToActivationSeconds": {"n": 1, "mean": 7200, "p50": 7200, "p90": 7200}},
                                    "globex": {"signedUp": 2, "activated": 1, "rate": 0.5,
                                      "timeToActivationSeconds": {"n": 1, "mean": 14400, "p50": 14400, "p90": 14400}}
                                  },
                                  "periods": [
                                    {"start": "2026-03-01", "signedUp": 3, "activated": 2},
                                    {"start": "2026-04-01", "signedUp": 3, "activated": 1}
                                  ]
                                }
                                """));
        assertThat(run.err()).contains("replay: ignored 1 row about users who had been there before");
    }

    @Test
    @DisplayName("answers the same on a PostgreSQL that is started for the run")
    void embeddedPostgres() {
        assertThat(Run.of(COMMAND + "--json --by company --period week --store postgres", users)
                        .json())
                .isEqualTo(Run.of(COMMAND + "--json --by company --period week", users)
                        .json());
    }

    @ParameterizedTest(name = "on {0}")
    @EnumSource
    @DisplayName("answers the same for thousands of users on every store")
    void manyUsers(Store store) throws IOException {
        var csv = new StringBuilder("id,signed_up,activated,company\n");
        for (int i = 0; i < 2_400; i++) {
            long at = 1_767_225_600 + i * 1_000L;
            csv.append("user-")
                    .append(i)
                    .append(',')
                    .append(at)
                    .append(',')
                    .append(i % 3 == 0 ? String.valueOf(at + i) : "")
                    .append(",company-")
                    .append(i % 5)
                    .append('\n');
        }
        Path many = Run.write(directory, "many.csv", csv.toString());
        String command = COMMAND + "--json --by company --period week ";

        assertThat(Run.of(command + store.options(), many).json())
                .isEqualTo(Run.of(command, many).json());
    }

    @Test
    @DisplayName("answers as a table")
    void table() {
        assertThat(Run.of(COMMAND + "--by company --period month", users)
                        .succeeds()
                        .out())
                .contains("6 users · memory")
                .contains("  activated      3       50.0 %  ████████████████████\n")
                .contains("activation rate     50.0 % (95 % interval 18.8–81.2 %)")
                .contains("half within 2 h, 90 % within 3 h 36 min, mean 2 h")
                .contains("  acme             2          1  50.0 %  2 h  2 h  ████████████████████\n")
                .contains("  2026-04-01");
    }

    @Test
    @DisplayName("answers with nulls about an empty file")
    void empty() throws IOException {
        Path none = Run.write(directory, "none.csv", "id,signed_up,activated\n");

        JsonNode report = Run.of(COMMAND + "--json", none).json();

        assertThat(report).isEqualTo(Run.json("""
                                {"signedUp": 0, "activated": 0, "rate": null,
                                 "timeToActivationSeconds": {"n": 0, "mean": null, "p50": null, "p90": null}}
                                """));
        Run.of(COMMAND + "--html {}", none, directory.resolve("none.html")).succeeds();
    }

    @Test
    @DisplayName("writes a page")
    void page() throws IOException {
        Path page = directory.resolve("page.html");
        Run.of(COMMAND + "--by company --period week --html {}", users, page).succeeds();

        assertThat(Files.readString(page)).contains("globex").doesNotContain("http:", "https:", "NaN");
    }

    @Test
    @DisplayName("says in one line what is wrong with a row")
    void badRows() throws IOException {
        assertBadRow(
                "gus,soon,,",
                "column \"signed_up\" must be a time such as 2026-03-01T09:30:00Z, 2026-03-01 09:30:00,"
                        + " 2026-03-01 or 1772357400 (Unix seconds), was \"soon\"");
        assertBadRow("gus,,,", "column \"signed_up\" must not be empty");
        assertBadRow(",2026-01-01,,", "column \"id\" must not be empty");
        String id = "x".repeat(129);
        assertBadRow(
                id + ",2026-01-01,,", "userId must have 1 to 128 characters, had 129: " + id.substring(0, 32) + "…");
    }

    private void assertBadRow(String row, String complaint) throws IOException {
        Path bad = Run.write(directory, "bad.csv", "id,signed_up,activated,company\n" + row + "\nada,2026-01-01,,\n");
        Run.of(COMMAND, bad).failsSaying(bad + ", line 2: " + complaint);

        Run skipping = Run.of(COMMAND + "--json --skip-bad-rows", bad);
        assertThat(skipping.json().get("signedUp").asLong()).isEqualTo(1);
        assertThat(skipping.err()).contains("replay: skipped 1 bad row: " + bad + ", line 2: ");
    }

    @Test
    @DisplayName("keeps each run in a workspace of its own in a database of the user, and nothing of a run that fails")
    void workspaces() throws Exception {
        String url = "jdbc:h2:mem:kept;DB_CLOSE_DELAY=-1";
        Run first = Run.of(COMMAND + "--json --jdbc-url {}", users, url);
        Run second = Run.of(COMMAND + "--json --jdbc-url {}", users, url);
        Path bad = Run.write(directory, "bad.csv", USERS + "gus,soon,,\n");
        Run.of(COMMAND + "--json --jdbc-url {}", bad, url)
                .failsSaying(
                        bad + ", line 9: column \"signed_up\" must be a time such as"
                                + " 2026-03-01T09:30:00Z, 2026-03-01 09:30:00, 2026-03-01 or 1772357400 (Unix seconds), was \"soon\"");

        assertThat(second.json()).isEqualTo(first.json());
        assertThat(first.err()).contains("replay: stored in schema plg, workspace replay-");
        try (var connection = DriverManager.getConnection(url);
                var rows = connection
                        .createStatement()
                        .executeQuery("select count(distinct workspace_id), count(*) from plg.activation_user")) {
            rows.next();
            assertThat(rows.getInt(1)).isEqualTo(2);
            assertThat(rows.getInt(2)).isEqualTo(12);
        }
    }
}
