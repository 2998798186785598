package io.plg.examples.replay;

import static io.plg.examples.replay.RealData.counts;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

@DisplayName("replay funnel")
class FunnelCommandTest {
    private static final String LOG = """
            user,event,time,plan
            ada,signup,2026-03-01T09:00:00Z,free
            bob,signup,2026-03-01T10:00:00+01:00,pro
            ada,project,2026-03-02T09:00:00Z,free
            bob,project,2026-03-05 09:00:00,pro
            ada,export,2026-03-02T15:00:00Z,pro
            cyd,signup,2026-03-09,
            cyd,project,1773050400,
            """;
    private static final String COLUMNS = "funnel --user-column user --event-column event --time-column time ";
    private static final String FUNNEL = COLUMNS + "--step signup --step project --step export --window P7D ";

    @TempDir
    Path directory;

    private Path log;

    @BeforeEach
    void write() throws IOException {
        log = Run.write(directory, "log.csv", LOG);
    }

    @Nested
    @DisplayName("answers")
    class Answers {

        @Test
        @DisplayName("in JSON of a fixed shape")
        void json() {
            assertThat(Run.of(FUNNEL + "--events {} --json", log).succeeds().out())
                    .isEqualTo("""
                            {
                              "entered" : 3,
                              "converted" : 1,
                              "inProgress" : 1,
                              "dropped" : 1,
                              "steps" : [ {
                                "name" : "signup",
                                "converted" : 3,
                                "rateFromStart" : 1.0,
                                "rateFromPrevious" : 1.0
                              }, {
                                "name" : "project",
                                "converted" : 3,
                                "rateFromStart" : 1.0,
                                "rateFromPrevious" : 1.0
                              }, {
                                "name" : "export",
                                "converted" : 1,
                                "rateFromStart" : 0.3333333333333333,
                                "rateFromPrevious" : 0.3333333333333333
                              } ],
                              "timeToConvertSeconds" : {
                                "n" : 1,
                                "mean" : 108000,
                                "p50" : 108000,
                                "p75" : 108000,
                                "p90" : 108000,
                                "histogram" : [ {
                                  "from" : 108000,
                                  "to" : 108000,
                                  "count" : 1
                                } ]
                              }
                            }
                            """);
        }

        @Test
        @DisplayName("by value of a column, first touch, and by week of entry")
        void breakdownAndPeriods() {
            JsonNode report = Run.of(FUNNEL + "--events {} --json --breakdown plan --period week", log)
                    .json();

            assertThat(report.get("breakdown").propertyNames()).containsExactlyInAnyOrder("free", "pro", "(none)");
            assertThat(counts(report.get("breakdown").get("free"))).containsExactly(1, 1, 1);
            assertThat(counts(report.get("breakdown").get("pro"))).containsExactly(1, 1, 0);
            assertThat(report.get("breakdown")
                            .get("free")
                            .get("periods")
                            .get(0)
                            .get("start")
                            .asString())
                    .isEqualTo("2026-02-23");
            assertThat(report.get("breakdown").get("free").has("breakdown")).isFalse();
            assertThat(report.get("periods").size()).isEqualTo(2);
            assertThat(report.get("periods").get(1).get("start").asString()).isEqualTo("2026-03-09");
            assertThat(counts(report.get("periods").get(1))).containsExactly(1, 1, 0);
            JsonNode nobody = report.get("periods").get(1).get("timeToConvertSeconds");
            assertThat(nobody)
                    .isEqualTo(Run.json(
                            "{\"n\":0,\"mean\":null,\"p50\":null,\"p75\":null,\"p90\":null,\"histogram\":[]}"));
        }

        @Test
        @DisplayName("as a table")
        void table() {
            String out = Run.of(FUNNEL + "--events {} --breakdown plan --period month", log)
                    .succeeds()
                    .out();

            assertThat(out)
                    .contains("Funnel  signup → project → export")
                    .contains("in this order, within 7 d")
                    .contains("7 events · memory · as of 2026-03-09 10:00 UTC")
                    .contains("  signup       3   100.0 %               ████████████████████████████████████████\n")
                    .contains("  export       1    33.3 %       33.3 %  █████████████▍\n")
                    .contains("converted    1 of 3, 33.3 % (95 % interval 6.1–79.2 %)")
                    .contains("half within 1 d 6 h")
                    .contains("  month of")
                    .contains("  2026-03-01");
        }

        @ParameterizedTest(name = "on {0}")
        @EnumSource
        @DisplayName("the same on every store")
        void everyStore(Store store) {
            String command = FUNNEL + "--events {} --json --breakdown plan --period month ";

            assertThat(Run.of(command + store.options(), log).json())
                    .isEqualTo(Run.of(command, log).json());
        }

        @Test
        @DisplayName("the same on a PostgreSQL that is started for the run")
        void embeddedPostgres() {
            Run run = Run.of(FUNNEL + "--events {} --json --store postgres", log);

            assertThat(run.json())
                    .isEqualTo(Run.of(FUNNEL + "--events {} --json", log).json());
            assertThat(run.err()).isEmpty();
        }

        @Test
        @DisplayName("as of --now, and for entries between --from and --to")
        void times() {
            assertThat(Run.of(FUNNEL + "--events {} --json --now 2026-04-01", log)
                            .json()
                            .get("dropped")
                            .asLong())
                    .isEqualTo(2);
            assertThat(counts(Run.of(FUNNEL + "--events {} --json --from 2026-03-02", log)
                            .json()))
                    .containsExactly(1, 1, 0);
            assertThat(counts(Run.of(FUNNEL + "--events {} --json --to 2026-03-02", log)
                            .json()))
                    .containsExactly(2, 2, 1);
        }

        @Test
        @DisplayName("strictly, if told to")
        void strict() {
            assertThat(counts(Run.of(COLUMNS + "--step signup --step export --events {} --json --order strict", log)
                            .json()))
                    .containsExactly(3, 0);
        }

        @Test
        @DisplayName("with several events for a step")
        void alternatives() {
            assertThat(counts(Run.of(COLUMNS + "--step in=signup --step done=export|project --events {} --json", log)
                            .json()))
                    .containsExactly(3, 3);
        }

        @Test
        @DisplayName("with users' columns and their time of entry")
        void users() throws IOException {
            Path users = Run.write(
                    directory,
                    "users.csv",
                    "user,team,joined\nada,red,2026-01-10\nbob,blue,2026-02-10\nada,blue,2026-02-01\n");
            String command =
                    FUNNEL + "--events {} --users {} --entered-column joined --breakdown team --period month --json ";

            JsonNode report = Run.of(command, log, users).json();

            assertThat(report.get("entered").asLong()).isEqualTo(3);
            assertThat(counts(report.get("breakdown").get("red"))).containsExactly(1, 1, 1);
            assertThat(counts(report.get("breakdown").get("(none)"))).containsExactly(1, 1, 0);
            assertThat(report.get("periods").size()).isEqualTo(2);
            assertThat(report.get("periods").get(0).get("start").asString()).isEqualTo("2026-01-01");
            assertThat(counts(report.get("periods").get(0))).containsExactly(1, 1, 1);
            assertThat(report.get("breakdown").get("red").get("periods").size()).isEqualTo(1);
            assertThat(counts(Run.of(command + "--from 2026-02-01", log, users).json()))
                    .containsExactly(1, 1, 0);
        }

        @Test
        @DisplayName("with one file per step and without times, in any order")
        void stepFiles() throws IOException {
            Path home = Run.write(directory, "home.csv", "user\nada\nbob\ncyd\n");
            Path paid = Run.write(directory, "paid.csv", "user\nbob\n");

            JsonNode report = Run.of(
                            "funnel --user-column user --order any --step home=@{} --step paid=@{} --json", home, paid)
                    .json();

            assertThat(counts(report)).containsExactly(3, 1);
            assertThat(report.get("timeToConvertSeconds").get("n").asLong()).isZero();
        }

        @Test
        @DisplayName("with a zero for a step that never happens, if that is allowed")
        void emptyStep() {
            assertThat(counts(Run.of(FUNNEL + "--step refund --allow-empty-steps --events {} --json", log)
                            .json()))
                    .containsExactly(3, 3, 1, 0);
        }

        @Test
        @DisplayName("with nulls where nobody entered")
        void nobody() {
            JsonNode report =
                    Run.of(FUNNEL + "--events {} --json --from 2030-01-01", log).json();

            assertThat(report.get("entered").asLong()).isZero();
            assertThat(report.get("steps").get(0).get("rateFromStart").isNull()).isTrue();
        }

        @Test
        @DisplayName("from up to 50 steps, of which a table shows what fits")
        void manySteps() throws IOException {
            var events = new StringBuilder("user,event,time\n");
            var steps = new StringBuilder();
            for (int i = 1; i <= 50; i++) {
                events.append("ada,e").append(i).append(',').append(i).append('\n');
                steps.append(" --step e").append(i);
            }
            Path many = Run.write(directory, "many.csv", events.toString());

            assertThat(Run.of(
                                    COLUMNS + "--events {} --html {} --period week" + steps,
                                    many,
                                    directory.resolve("many.html"))
                            .succeeds()
                            .out())
                    .contains("converted    1 of 1");
        }
    }

    @Nested
    @DisplayName("reads")
    class Reads {

        @Test
        @DisplayName("gzipped files, whatever they are called")
        void gzip() throws IOException {
            Path packed = directory.resolve("log.txt");
            try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
                out.write(LOG.getBytes(StandardCharsets.UTF_8));
            }

            assertSameAnswer(Run.of(FUNNEL + "--events {} --json", packed));
        }

        @Test
        @DisplayName("a byte order mark, Windows line ends and quotes")
        void quotes() throws IOException {
            String quoted = "\ufeff"
                    + LOG.replace("\n", "\r\n")
                            .replace("ada", "\"a \"\"d\"\", a\nb\"")
                            .replace("user,", "\"user\",");
            Path file = Run.write(directory, "quoted.csv", quoted);

            assertSameAnswer(Run.of(FUNNEL + "--events {} --json", file));
        }

        @ParameterizedTest(name = "{0}")
        @ValueSource(strings = {";", "|", "\t", "::"})
        @DisplayName("other delimiters")
        void delimiters(String delimiter) throws IOException {
            Path file = Run.write(directory, "other.csv", LOG.replace(",", delimiter));
            String option = delimiter.equals("\t") ? "\\t" : delimiter;

            assertSameAnswer(Run.of(FUNNEL + "--events {} --json --delimiter {}", file, option));
        }

        @Test
        @DisplayName("columns by number without a header, and any run of spaces as one delimiter")
        void noHeader() throws IOException {
            Path file = Run.write(directory, "plain.txt", "ada  signup   0\n bob signup 10\nada project 60  \n");

            Run run = Run.args(
                    "funnel",
                    "--no-header",
                    "--delimiter",
                    " ",
                    "--user-column",
                    "1",
                    "--event-column",
                    "2",
                    "--time-column",
                    "3",
                    "--step",
                    "signup",
                    "--step",
                    "project",
                    "--json",
                    "--events",
                    file.toString());

            assertThat(counts(run.json())).containsExactly(2, 1);
            assertThat(run.json().get("timeToConvertSeconds").get("p50").asLong())
                    .isEqualTo(60);
        }

        @Test
        @DisplayName("several files as one log, in any order of time")
        void severalFiles() throws IOException {
            String[] lines = LOG.split("\n");
            var odd = new StringBuilder(lines[0] + "\n");
            var even = new StringBuilder(lines[0] + "\n");
            for (int i = 1; i < lines.length; i++) {
                (i % 2 == 1 ? odd : even).insert(lines[0].length() + 1, lines[i] + "\n");
            }

            assertSameAnswer(Run.of(
                    FUNNEL + "--json --events {} {}",
                    Run.write(directory, "odd.csv", odd.toString()),
                    Run.write(directory, "even.csv", even.toString())));
        }

        private void assertSameAnswer(Run run) {
            assertThat(run.json())
                    .isEqualTo(Run.of(FUNNEL + "--events {} --json", log).json());
        }
    }

    @Nested
    @DisplayName("says in one line what is wrong")
    class Mistakes {

        @Test
        @DisplayName("with a file")
        void files() throws IOException {
            Run.of(FUNNEL + "--events {}/nope.csv", directory).failsSaying(directory + "/nope.csv: no such file");
            Run.of(FUNNEL + "--events {}", directory).failsSaying(directory + ": expected a file, is a directory");
            Path empty = Run.write(directory, "empty.csv", "");
            Run.of(FUNNEL + "--events {}", empty).failsSaying(empty + ": expected a header row, the file is empty");
            Path binary = Files.write(directory.resolve("x.bin"), new byte[] {'a', ',', (byte) 0xfe, 'b', '\n'});
            Run.of(FUNNEL + "--events {}", binary)
                    .failsSaying(binary + ", line 1: expected delimited text, cannot be read: it is not UTF-8");
        }

        @Test
        @DisplayName("with a gzipped file that ends too early")
        void truncated() throws IOException {
            Path whole = directory.resolve("log.gz");
            try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(whole))) {
                out.write(LOG.repeat(1).getBytes(StandardCharsets.UTF_8));
            }
            byte[] bytes = Files.readAllBytes(whole);
            Path part = Files.write(directory.resolve("part.gz"), java.util.Arrays.copyOf(bytes, bytes.length - 12));

            Run run = Run.of(FUNNEL + "--events {}", part);

            assertThat(run.exitCode()).isEqualTo(2);
            assertThat(run.err().strip())
                    .startsWith("replay: " + part + ", line ")
                    .endsWith("Unexpected end of ZLIB input stream");
        }

        @Test
        @DisplayName("with a column")
        void columns() {
            Run.of(FUNNEL.replace("--user-column user", "--user-column usr") + "--events {}", log)
                    .failsSaying(
                            log
                                    + ", line 1: expected column \"usr\" (--user-column), the columns are user, event, time, plan");
            Run.of(FUNNEL + "--events {} --delimiter ;", log)
                    .failsSaying(log
                            + ", line 1: expected column \"event\" (--event-column), the columns are user,event,time,plan;"
                            + " is --delimiter right?");
            Run.of(FUNNEL + "--events {} --breakdown country", log)
                    .failsSaying(
                            log
                                    + ", line 1: expected column \"country\" (--breakdown), the columns are user, event, time, plan");
            Run.of(FUNNEL + "--events {} --no-header", log)
                    .failsSaying("--event-column must be a column number from 1 with --no-header, was \"event\"");
            Run.of("funnel --user-column 1 --event-column 2 --time-column 9 --no-header --step signup --events {}", log)
                    .failsSaying(log + ", line 1: expected column \"9\" (--time-column), the first row has 4 columns");
        }

        @Test
        @DisplayName("with a row")
        void rows() throws IOException {
            assertBadRow(
                    "cyd,signup,yesterday,free",
                    "column \"time\" must be a time such as 2026-03-01T09:30:00Z,"
                            + " 2026-03-01 09:30:00, 2026-03-01 or 1772357400 (Unix seconds), was \"yesterday\"");
            assertBadRow(
                    "cyd,signup,1772357400000,free",
                    "column \"time\" must be a time such as 2026-03-01T09:30:00Z,"
                            + " 2026-03-01 09:30:00, 2026-03-01 or 1772357400 (Unix seconds) between the years 1 and 9999,"
                            + " was \"1772357400000\"; it looks like milliseconds, divide by 1000");
            assertBadRow("  ,signup,2026-03-01,free", "column \"user\" must not be empty");
            assertBadRow("cyd,,2026-03-01,free", "column \"event\" must not be empty");
            assertBadRow("cyd,signup,,free", "column \"time\" must not be empty");
            assertBadRow("cyd,signup", "expected at least 3 columns, for column \"time\", found 2");
        }

        private void assertBadRow(String row, String complaint) throws IOException {
            Path bad = Run.write(directory, "bad.csv", LOG + row + "\n");
            Run.of(FUNNEL + "--json --events {}", bad).failsSaying(bad + ", line 9: " + complaint);

            Run skipping = Run.of(FUNNEL + "--json --skip-bad-rows --events {}", bad);
            assertThat(skipping.json())
                    .isEqualTo(Run.of(FUNNEL + "--json --events {}", log).json());
            assertThat(skipping.err().strip())
                    .isEqualTo("replay: skipped 1 bad row: " + bad + ", line 9: " + complaint);
        }

        @Test
        @DisplayName("with a quote that never ends, which is no matter of one row")
        void quote() throws IOException {
            Path bad = Run.write(directory, "bad.csv", LOG + "\"cyd,signup,2026-03-01,free\n");
            Run run = Run.of(FUNNEL + "--json --events {} --skip-bad-rows", bad);

            assertThat(run.exitCode()).isEqualTo(2);
            assertThat(run.err().strip())
                    .startsWith("replay: " + bad + ", line 9: expected delimited text, cannot be read: ");
        }

        @Test
        @DisplayName("with a step")
        void steps() throws IOException {
            Run.of(FUNNEL + "--step exprot --events {}", log)
                    .failsSaying(
                            "step \"exprot\": no event \"exprot\" in the input, the events are export, project, signup;"
                                    + " --allow-empty-steps accepts that");
            Path none = Run.write(directory, "none.csv", "user,time\n");
            Run.of("funnel --user-column user --time-column time --step a=@{} --step b=@{}", none, none)
                    .failsSaying(none + ": expected rows for step \"a\", found none; --allow-empty-steps accepts that");
            Run.of(FUNNEL + "--step =x --events {}", log)
                    .failsSaying("--step must be NAME, NAME=EVENT, NAME=EVENT|EVENT or NAME=@FILE, was \"=x\"");
            Run.of(FUNNEL + "--step signup --events {}", log)
                    .failsSaying(
                            "--step names must differ, \"signup\" is there twice; to ask for an event twice write --step again=signup");
            Run.of(FUNNEL)
                    .failsSaying(
                            "a step that names an event needs --events FILE; a step can also be a file, as in --step NAME=@FILE");
        }

        @ParameterizedTest(name = "{0}")
        @CsvSource(
                delimiter = '>',
                value = {
                    "--window P0D > --window must be positive or none, was P0D",
                    "--window P-1D > --window must be positive or none, was P-1D",
                    "--window week > --window must be a time such as PT30M, P7D or none, was \"week\"",
                    "--from 2026-02-01 --to 2026-01-01 > --from must be before --to, was 2026-02-01 and --to was 2026-01-01",
                    "--entered-column joined > --entered-column joined is a column of the users file and needs --users",
                    "--html nowhere/x.html > --html nowhere/x.html: there is no directory ",
                    "--jdbc-url jdbc:x:y > --jdbc-url must begin with jdbc:postgresql: or jdbc:h2:, was \"jdbc:x:y\"",
                    "--delimiter \" > --delimiter must be neither a quote nor a line break"
                })
        @DisplayName("with an option")
        void options(String options, String complaint) {
            Run run = Run.of(
                    FUNNEL.replace("--window P7D", options.contains("--window") ? "" : "--window P7D") + "--events {} "
                            + options,
                    log);

            assertThat(run.exitCode()).isEqualTo(2);
            assertThat(run.err().strip().lines()).hasSize(1);
            assertThat(run.err()).startsWith("replay: " + complaint);
        }

        @Test
        @DisplayName("with times that are asked for where there are none")
        void noTimes() {
            String command = "funnel --user-column user --event-column event --step signup --events {} ";
            Run.of(command, log)
                    .failsSaying("--order ordered needs --time-column; without times only --order any has an answer");
            Run.of(command + "--order any --window P1D", log).failsSaying("--window P1D needs --time-column");
            Run.of(command + "--order any --period week", log)
                    .failsSaying("--period needs --time-column, or --users with --entered-column");
        }

        @Test
        @DisplayName("with a database that is not there, without giving away its password")
        void noDatabase() {
            Run run = Run.of(
                    FUNNEL + "--events {} --jdbc-url jdbc:postgresql://localhost:1/x?user=a&password=secret", log);

            assertThat(run.exitCode()).isEqualTo(2);
            assertThat(run.err()).contains("cannot connect").doesNotContain("secret");
            assertThat(run.err().strip().lines()).hasSize(1);
        }

        @Test
        @DisplayName("with an unknown option, by the usage")
        void unknownOption() {
            Run run = Run.of(FUNNEL + "--events {} --bogus", log);

            assertThat(run.exitCode()).isEqualTo(2);
            assertThat(run.err()).startsWith("Unknown option: '--bogus'").contains("Usage: replay funnel");
        }
    }

    @Nested
    @DisplayName("writes a page")
    class Pages {

        @Test
        @DisplayName("that is self-contained and escapes whatever the data says")
        void selfContained() throws IOException {
            String evil = "<script>alert('x')</script>&\"";
            String csv =
                    LOG.replace("pro", "\"" + evil.replace("\"", "\"\"") + "\"").replace("ject", "ject<i>x</i>");
            csv = csv.replace("\"" + evil.replace("\"", "\"\"") + "\"ject<i>x</i>", "project<i>x</i>");
            Path file = Run.write(directory, "evil.csv", csv);
            Path page = directory.resolve("page.html");

            Run run = Run.args(
                    "funnel",
                    "--user-column",
                    "user",
                    "--event-column",
                    "event",
                    "--time-column",
                    "time",
                    "--window",
                    "P7D",
                    "--step",
                    "signup",
                    "--step",
                    "project<i>x</i>",
                    "--step",
                    "export",
                    "--breakdown",
                    "plan",
                    "--period",
                    "week",
                    "--events",
                    file.toString(),
                    "--html",
                    page.toString());

            assertThat(run.succeeds().err().strip()).isEqualTo("replay: wrote " + page);
            String html = Files.readString(page);
            assertThat(html)
                    .contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;&quot;")
                    .contains("project&lt;i&gt;x&lt;/i&gt;")
                    .contains("default-src 'none'")
                    .doesNotContain("<script", "<i>", "http:", "https:", "//", "@import", "url(h", "<link");
            assertThat(run.out()).contains("signup");
        }

        @Test
        @DisplayName("whole or not at all, and replaces an older one")
        void wholeOrNotAtAll() throws IOException {
            Path page = Run.write(directory, "page.html", "old");
            Run.of(FUNNEL + "--step typo --events {} --html {}", log, page);
            assertThat(page).hasContent("old");

            Run.of(FUNNEL + "--events {} --html {}", log, page).succeeds();
            assertThat(Files.readString(page)).startsWith("<!doctype html>").endsWith("</html>\n");
            assertThat(directory).isDirectoryNotContaining("glob:**.replay-*");
        }

        @Test
        @DisplayName("also where nobody entered, or there are no times")
        void empty() {
            Path page = directory.resolve("page.html");
            Run.of(FUNNEL + "--events {} --html {} --from 2030-01-01 --breakdown plan --period week", log, page)
                    .succeeds();
            Run.of(
                            "funnel --user-column user --event-column event --order any --step signup --step export --events {} --html {}",
                            log,
                            page)
                    .succeeds();
            assertThat(page).content().contains("the input has no times").doesNotContain("NaN");
        }
    }

    @Test
    @DisplayName("leaves nothing behind in a database of the user")
    void leavesNothingBehind() throws Exception {
        String url = "jdbc:h2:mem:mine;DB_CLOSE_DELAY=-1";
        Run.of(FUNNEL + "--events {} --jdbc-url {}", log, url).succeeds();
        Run.of(FUNNEL + "--step typo --events {} --jdbc-url {}", log, url);

        try (var connection = java.sql.DriverManager.getConnection(url);
                var tables = connection.getMetaData().getTables(null, "PUBLIC", null, null)) {
            assertThat(tables.next()).isFalse();
        }
    }
}
