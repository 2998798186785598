package io.plg.jdbi;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.StoreFailure;
import io.plg.funnel.EventSource;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TimeZone;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
final class JdbcEventSourceTest {
    private static final DataSource H2_DATABASE = H2.empty("");

    static Stream<DataSource> databases() {
        return Stream.of(Postgres.app(), H2_DATABASE);
    }

    @ParameterizedTest(autoCloseArguments = false)
    @MethodSource("databases")
    void rows_become_events_and_other_columns_their_properties(DataSource database) {
        var source = JdbcEventSource.of(database, """
                select 'ada' as subject, 'visit' as event, timestamp with time zone '2026-01-01 01:00:00.000001+01:00' as time,
                       'pro' as plan, 7 as seats, cast(null as varchar(9)) as nothing
                """);
        for (int i = 0; i < 2; i++) {
            var sink = new Recording("plan", "PLAN", "seats", "nothing", "unknown");
            source.read(sink);
            assertThat(sink.events).containsExactly("ada visit 2026-01-01T00:00:00.000001Z [pro, pro, 7, null, null]");
        }
    }

    @ParameterizedTest(autoCloseArguments = false)
    @MethodSource("databases")
    void times_may_be_timestamps_dates_and_microseconds_and_do_not_depend_on_any_time_zone(DataSource database) {
        TimeZone before = TimeZone.getDefault();
        try {
            for (String zone : List.of("America/St_Johns", "Pacific/Apia", "UTC")) {
                TimeZone.setDefault(TimeZone.getTimeZone(zone));
                for (String time : List.of(
                        "timestamp with time zone '2500-07-01 00:00:00.123456+00:00'",
                        "timestamp '2500-07-01 00:00:00.123456'",
                        "16740864000123456")) {
                    assertThat(read(database, "select 'a' as subject, 'e' as event, " + time + " as time"))
                            .as(time + " in " + zone)
                            .containsExactly("a e 2500-07-01T00:00:00.123456Z []");
                }
                assertThat(read(database, "select 'a' as subject, 'e' as event, date '1583-01-02' as time"))
                        .containsExactly("a e 1583-01-02T00:00:00Z []");
            }
        } finally {
            TimeZone.setDefault(before);
        }
    }

    @ParameterizedTest(autoCloseArguments = false)
    @MethodSource("databases")
    void a_subject_that_is_a_number_stays_one_and_columns_may_have_other_names(DataSource database) {
        var sink = new Recording();
        JdbcEventSource.of(database, "select 42 as visitor, 'e' as what, 0 as \"AT\" where 1 = ?", 1)
                .columns("visitor", "what", "at")
                .read(sink);
        assertThat(sink.events).containsExactly("#42 e 1970-01-01T00:00:00Z []");
    }

    @ParameterizedTest(autoCloseArguments = false)
    @MethodSource("databases")
    void a_missing_column_is_named_with_those_that_there_are(DataSource database) {
        assertThatThrownBy(() -> read(database, "select 'a' as who, 'e' as event, 0 as time"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"subject\"")
                .hasMessageContainingAll("as subject", "columns(subject, event, time)")
                .matches(e -> e.getMessage().toLowerCase(java.util.Locale.ROOT).contains("[who, event, time]"));
    }

    @ParameterizedTest(autoCloseArguments = false)
    @MethodSource("databases")
    void wrong_types_and_missing_values_are_named(DataSource database) {
        assertThatThrownBy(() -> read(database, "select 'a' as subject, 'e' as event, 'noon' as time"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"time\" must be a timestamp");
        for (String columns : List.of(
                "cast(null as varchar(9)) as subject, 'e' as event, 0 as time",
                "cast(null as bigint) as subject, 'e' as event, 0 as time",
                "'a' as subject, cast(null as varchar(9)) as event, 0 as time",
                "'a' as subject, 'e' as event, cast(null as timestamp) as time",
                "'a' as subject, 'e' as event, cast(null as bigint) as time")) {
            assertThatThrownBy(() -> read(database, "select " + columns))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("must not be null, was in row 1");
        }
    }

    @ParameterizedTest(autoCloseArguments = false)
    @MethodSource("databases")
    void a_failing_query_is_a_store_failure_and_what_the_sink_throws_passes_through(DataSource database)
            throws SQLException {
        assertThatThrownBy(() -> read(database, "select nonsense"))
                .isInstanceOf(StoreFailure.class)
                .hasCauseInstanceOf(SQLException.class);
        var mine = new IllegalStateException("enough");
        assertThatThrownBy(() -> JdbcEventSource.of(database, "select 'a' as subject, 'e' as event, 0 as time")
                        .read(new Recording() {
                            @Override
                            void add(String event) {
                                throw mine;
                            }
                        }))
                .isSameAs(mine);
        try (Connection connection = database.getConnection()) {
            assertThat(connection.getAutoCommit()).isTrue();
            assertThat(connection.isReadOnly()).isFalse();
        }
    }

    @ParameterizedTest(autoCloseArguments = false)
    @MethodSource("databases")
    void on_a_connection_it_sees_what_the_host_s_transaction_wrote_and_leaves_it_open(DataSource database)
            throws SQLException {
        try (Connection connection = database.getConnection()) {
            connection.setAutoCommit(false);
            try (var statement = connection.createStatement()) {
                statement.execute("create local temporary table happened (who varchar(9), at bigint)");
                statement.execute("insert into happened values ('a', 1), ('b', 2)");
            }
            var sink = new Recording();
            JdbcEventSource.of(connection, "select who as subject, 'e' as event, at as time from happened order by at")
                    .fetchSize(1)
                    .read(sink);
            assertThat(sink.events).hasSize(2);
            assertThat(connection.getAutoCommit()).isFalse();
            connection.rollback();
            connection.setAutoCommit(true);
        }
    }

    @Test
    void on_postgres_millions_of_rows_pass_while_memory_stays_and_the_first_comes_long_before_the_last() {
        // 1,500,000 rows of more than 1 kB: buffering them would take more memory than a small heap has.
        int rows = 1_500_000;
        var source = JdbcEventSource.of(
                        Postgres.app(),
                        "select n as subject, 'e' as event, n as time, repeat('x', 1000) as padding"
                                + " from generate_series(1::bigint, ?) as n",
                        (long) rows)
                .fetchSize(1_000);
        long[] seen = new long[2];
        long begun = System.nanoTime();
        source.read(new EventSource.Sink() {
            @Override
            public void add(String subject, String event, long epochMicros, EventSource.PropertyLookup properties) {
                throw new AssertionError("the subject is a number");
            }

            @Override
            public void add(long subject, String event, long epochMicros, EventSource.PropertyLookup properties) {
                if (seen[0]++ == 0) {
                    seen[1] = System.nanoTime() - begun;
                }
                if (seen[0] == rows / 2) {
                    System.gc();
                    long used = Runtime.getRuntime().totalMemory()
                            - Runtime.getRuntime().freeMemory();
                    assertThat(used).as("heap in use half-way").isLessThan(200L << 20);
                }
            }
        });
        assertThat(seen[0]).isEqualTo(rows);
        assertThat(seen[1]).as("time to the first row").isLessThan((System.nanoTime() - begun) / 4);
    }

    private static List<String> read(DataSource database, String sql) {
        var sink = new Recording();
        JdbcEventSource.of(database, sql).read(sink);
        return sink.events;
    }

    private static class Recording implements EventSource.Sink {
        final List<String> events = new ArrayList<>();
        private final List<String> keys;

        Recording(String... keys) {
            this.keys = List.of(keys);
        }

        @Override
        public void add(String subject, String event, long epochMicros, EventSource.PropertyLookup properties) {
            var values = new ArrayList<String>();
            keys.forEach(key -> values.add(properties.get(key)));
            Instant time = Instant.EPOCH.plus(epochMicros, java.time.temporal.ChronoUnit.MICROS);
            add(subject + " " + event + " " + time + " " + values);
        }

        @Override
        public void add(long subject, String event, long epochMicros, EventSource.PropertyLookup properties) {
            add("#" + subject, event, epochMicros, properties);
        }

        void add(String event) {
            events.add(event);
        }
    }
}
