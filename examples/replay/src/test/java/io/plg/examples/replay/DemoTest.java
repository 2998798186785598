package io.plg.examples.replay;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@DisplayName("replay without a command, and replay simulate")
class DemoTest {

    @TempDir
    Path directory;

    @Test
    @DisplayName("shows a simulated product, says that it is simulated, and says what to try next")
    void demo() {
        Run run = Run.args().succeeds();

        assertThat(run.out())
                .contains("A simulated product, made up with seed 42: none of these users exists.")
                .contains("events, simulated · memory")
                .contains("users, simulated · memory")
                .contains("java -jar replay.jar simulate --out demo");
        assertThat(Run.args().out()).isEqualTo(run.out());
    }

    @Test
    @DisplayName("writes files on which the commands that it suggests give the same figures")
    void suggestions() {
        Run simulated =
                Run.of("simulate --users 300 --seed 7 --out {}", directory).succeeds();
        String[] suggested = simulated.out().split("java -jar replay.jar ");

        assertThat(suggested).hasSize(3);
        String funnel = suggested[1]
                .replace("\\\n", " ")
                .replace("--html funnel.html", "--json")
                .strip();
        String activation = suggested[2].replace("\\\n", " ").strip();
        SimulatedProduct.History history = SimulatedProduct.example(7, 300).run();
        long signedUp = history.users().size();
        assertThat(Run.args(words(funnel)).json().get("entered").asLong()).isEqualTo(signedUp);
        assertThat(Run.args(words(funnel.replace("--json", ""))).out()).contains("events, simulated · memory");
        assertThat(Run.args(words(activation)).json().get("signedUp").asLong()).isEqualTo(signedUp);
    }

    @Test
    @DisplayName("says in one line what is wrong")
    void mistakes() {
        Run.of("simulate --users 0 --out {}", directory).failsSaying("--users must be at least 1, was 0");
    }

    @Test
    @DisplayName("explains itself")
    void help() {
        assertThat(Run.args("--help").succeeds().out()).contains("funnel", "activation", "simulate");
        assertThat(Run.args("help", "funnel").succeeds().out()).contains("--allow-empty-steps");
    }

    private static String[] words(String command) {
        return Stream.of(command.split("\\s+"))
                .map(word -> word.replace("'", ""))
                .toArray(String[]::new);
    }
}
