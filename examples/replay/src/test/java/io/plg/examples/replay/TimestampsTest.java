package io.plg.examples.replay;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

@DisplayName("A time is read")
class TimestampsTest {

    @ParameterizedTest(name = "{0} is {1}")
    @CsvSource({
        "2026-03-01, 2026-03-01T00:00:00Z",
        "2026-03-01 09:30, 2026-03-01T09:30:00Z",
        "2026-03-01 09:30:15, 2026-03-01T09:30:15Z",
        "2026-03-01 09:30:15.5, 2026-03-01T09:30:15.500Z",
        "2026-03-01 09:30:15.123456789, 2026-03-01T09:30:15.123456Z",
        "2026-03-01 09:30:15 UTC, 2026-03-01T09:30:15Z",
        "2026-03-01 09:30:15+00, 2026-03-01T09:30:15Z",
        "2026-03-01T09:30:15, 2026-03-01T09:30:15Z",
        "2026-03-01T09:30:15Z, 2026-03-01T09:30:15Z",
        "2026-03-01t09:30:15z, 2026-03-01T09:30:15Z",
        "2026-03-01T09:30:15+02:00, 2026-03-01T07:30:15Z",
        "2026-03-01T09:30:15-0530, 2026-03-01T15:00:15Z",
        "1772357400, 2026-03-01T09:30:00Z",
        "1772357400.25, 2026-03-01T09:30:00.250Z",
        "-1.5, 1969-12-31T23:59:58.500Z",
        "0, 1970-01-01T00:00:00Z",
    })
    @DisplayName("in the ways in which logs write it")
    void reads(String text, String instant) {
        assertThat(Micros.toInstant(Timestamps.parse(text))).hasToString(instant);
    }

    @ParameterizedTest(name = "not {0}")
    @ValueSource(
            strings = {
                "",
                "now",
                "2026-02-30",
                "2026-13-01",
                "01.03.2026",
                "03/01/2026",
                "2026-03-01T",
                "2026-03-0109:30",
                "1e9",
                "2026-03-01 25:00",
                "99999999999999999",
                "1772357400000",
                "2026-03-01T09:30:15Z?"
            })
    @DisplayName("and refused if it is none")
    void refuses(String text) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Timestamps.parse(text))
                .withMessageStartingWith("must be a time such as");
    }
}
