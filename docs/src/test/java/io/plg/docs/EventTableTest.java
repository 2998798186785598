package io.plg.docs;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.funnel.Correlation;
import io.plg.funnel.FunnelAnalysis;
import io.plg.funnel.FunnelQuery;
import io.plg.funnel.FunnelReport;
import io.plg.funnel.FunnelStep;
import io.plg.jdbi.JdbcEventSource;
import java.time.Duration;
import java.time.Instant;
import javax.sql.DataSource;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The code of docs/how-to/analyse-your-event-table.md. */
class EventTableTest {
    private final DataSource dataSource = JoinTransactionTest.database("events");

    @BeforeEach
    void fill() {
        Jdbi.create(dataSource).useHandle(handle -> handle.createScript("""
                                create table product_event (
                                    id bigint auto_increment primary key, user_id varchar, workspace varchar, name varchar,
                                    plan varchar, occurred_at timestamp with time zone);
                                insert into product_event (user_id, workspace, name, plan, occurred_at) values
                                    ('ada', 'acme', 'signup', 'free', '2026-04-01 08:00:00Z'),
                                    ('lin', 'acme', 'signup', 'pro', '2026-04-01 09:00:00Z'),
                                    ('ada', 'acme', 'read_tutorial', 'free', '2026-04-01 10:00:00Z'),
                                    ('mae', 'globex', 'signup', 'free', '2026-04-02 08:00:00Z'),
                                    ('ada', 'acme', 'export', 'free', '2026-04-02 09:00:00Z'),
                                    ('lin', 'acme', 'invoice_paid', 'pro', '2026-04-03 09:00:00Z');
                                """).execute());
    }

    @Test
    void streams_the_hosts_own_table() {
        // tag::source[]
        var events = JdbcEventSource.of(dataSource, """
                select user_id as subject, name as event, occurred_at as time, plan
                from product_event
                where occurred_at >= ?
                order by occurred_at, id
                """, Instant.parse("2026-01-01T00:00:00Z"));

        FunnelReport report = FunnelAnalysis.run(
                FunnelQuery.builder()
                        .step("signup")
                        .step("export")
                        .breakdownBy("plan")
                        .build(),
                events);
        // end::source[]

        assertThat(report.counts()).containsExactly(3L, 1L);
        assertThat(report.breakdown().keySet()).containsExactlyInAnyOrder("free", "pro");
    }

    @Test
    void has_steps_that_are_more_than_a_name() {
        var events = events("user_id");

        // tag::steps[]
        FunnelQuery query = FunnelQuery.builder()
                .step(FunnelStep.of("signup").firstEver())
                .step(FunnelStep.of("read_tutorial").optional())
                .step(FunnelStep.of("value").events("export", "invoice_paid").within(Duration.ofDays(3)))
                .exclude("account_deleted")
                .window(Duration.ofDays(7))
                .build();
        // end::steps[]

        assertThat(FunnelAnalysis.run(query, events).converted()).isEqualTo(2);
    }

    @Test
    void follows_workspaces() {
        var events = JdbcEventSource.of(dataSource, """
                select user_id as subject, name as event, occurred_at as time, workspace as workspace
                from product_event order by occurred_at, id
                """);

        // tag::grouped[]
        FunnelQuery query = FunnelQuery.builder()
                .step("signup")
                .step("export")
                .groupedBy("workspace")
                .build();
        // end::grouped[]

        assertThat(FunnelAnalysis.run(query, events).counts()).containsExactly(2L, 1L);
    }

    @Test
    void tells_what_goes_with_conversion() {
        var events = events("user_id");
        var query = FunnelQuery.builder().step("signup").step("export").build();

        // tag::correlation[]
        Correlation correlation = FunnelAnalysis.correlate(query, events);
        Correlation.Behaviour first = correlation.behaviours().get(0);

        assertThat(first.event()).isEqualTo("read_tutorial");
        assertThat(first.oddsRatio()).isEqualTo(6.0); // (1+1)(2−0+1) ÷ ((1−1+1)(0+1))
        assertThat(first.low()).isLessThan(1); // three users prove nothing
        // end::correlation[]
    }

    private JdbcEventSource events(String subject) {
        return JdbcEventSource.of(
                dataSource,
                "select " + subject + " as subject, name as event, occurred_at as time from product_event"
                        + " order by occurred_at, id");
    }
}
