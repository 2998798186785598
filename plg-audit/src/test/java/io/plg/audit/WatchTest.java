package io.plg.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.tenancy.Finding;
import io.plg.tenancy.IsolationDrift;
import java.lang.reflect.Proxy;
import java.sql.SQLException;
import java.time.Duration;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayNameGeneration;
import org.junit.jupiter.api.DisplayNameGenerator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** drift is told within a minute; the interval here is shorter, and so is the patience. */
@DisplayNameGeneration(DisplayNameGenerator.ReplaceUnderscores.class)
final class WatchTest {
    private static final Duration EVERY = Duration.ofMillis(100);

    private final String database = HostDatabase.create();
    private final DataSource superuser = HostDatabase.as("postgres", database);
    private final BlockingQueue<IsolationDrift> told = new LinkedBlockingQueue<>();

    @AfterEach
    void drop() {
        HostDatabase.drop(database);
    }

    static Stream<Arguments> drifts() {
        return Stream.of(
                Arguments.of(
                        "a dropped policy", "drop policy workspace_only on app.task", "- policy workspace_only", true),
                Arguments.of(
                        "row level security disabled",
                        "alter table app.task disable row level security",
                        "+ table app.task row level security off",
                        true),
                Arguments.of(
                        "no longer forced", "alter table app.task no force row level security", "not forced", true),
                Arguments.of(
                        "an altered policy", "alter policy workspace on app.task using (true)", "using true", true),
                Arguments.of(
                        "an added policy",
                        "create policy more on app.task using (true)",
                        "+ policy more on app.task",
                        true),
                Arguments.of(
                        "an added policy that narrows",
                        "create policy less on app.task as restrictive using (id > 0)",
                        "+ policy less on app.task restrictive",
                        false),
                Arguments.of(
                        "a new table without a policy",
                        "create table app.fresh (tenant_id uuid not null, id int, primary key (tenant_id, id))",
                        "+ table app.fresh row level security off",
                        true),
                Arguments.of(
                        "a new partition without a policy",
                        "create table app.event_2027 partition of app.event for values from ('2027-01-01') to ('2028-01-01');"
                                + " grant select on app.event_2027 to app_user",
                        "+ table app.event_2027",
                        true),
                Arguments.of("a changed role", "alter role app_user bypassrls", "+ role app_user bypassrls", true),
                Arguments.of("a new membership", "grant app_owner to app_user", "+ member app_user of app_owner", true),
                Arguments.of("a new grant", "grant truncate on app.task to app_user", "app.task", true),
                Arguments.of(
                        "a view past the policies",
                        "create view app.all_tasks as select * from app.task; grant select on app.all_tasks to app_user",
                        "+ view app.all_tasks",
                        true),
                Arguments.of(
                        "a grant on a column",
                        "grant references (id) on app.task to app_user",
                        "+ column app.task.id",
                        true),
                Arguments.of(
                        "a rule",
                        "create rule r as on insert to app.task do also select 1",
                        "+ rule r on app.task",
                        true),
                Arguments.of(
                        "a trigger",
                        "create function app.copy() returns trigger language plpgsql as 'begin return new; end';"
                                + " create trigger t before insert on app.task for each row execute function app.copy()",
                        "+ trigger t on app.task",
                        false),
                Arguments.of(
                        "a default binding",
                        "alter role app_user set plg.workspace_id = 'acme'",
                        "plg.workspace_id=acme",
                        true));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("drifts")
    void each_change_is_told_once_with_what_it_opened(String name, String change, String line, boolean finding)
            throws InterruptedException {
        IsolationAudit audit = HostDatabase.audit(HostDatabase.as("app_user", database));
        try (IsolationWatch watch = audit.watch(EVERY, told::add)) {
            HostDatabase.execute(superuser, change);

            IsolationDrift drift = told.poll(60, TimeUnit.SECONDS);
            assertThat(drift).as("told within a minute").isNotNull();
            assertThat(drift.changes()).anyMatch(each -> each.contains(line));
            assertThat(drift.appeared()).isEqualTo(drift.report().findings());
            assertThat(!drift.appeared().isEmpty()).isEqualTo(finding);
            assertThat(told.poll(300, TimeUnit.MILLISECONDS))
                    .as("and only once")
                    .isNull();
        } finally {
            HostDatabase.execute(
                    superuser,
                    "alter role app_user nobypassrls; revoke app_owner from app_user; alter role app_user reset plg.workspace_id");
        }
    }

    @Test
    void what_is_mended_is_told_as_resolved() throws InterruptedException {
        HostDatabase.execute(superuser, "alter table app.task disable row level security");
        try (IsolationWatch watch =
                HostDatabase.audit(HostDatabase.as("app_user", database)).watch(EVERY, told::add)) {
            HostDatabase.execute(superuser, "alter table app.task enable row level security");

            IsolationDrift drift = told.poll(60, TimeUnit.SECONDS);
            assertThat(drift).isNotNull();
            assertThat(drift.resolved()).extracting(Finding::check).contains("rls-off");
            assertThat(drift.report().isolated()).isTrue();
        }
    }

    @Test
    void what_has_nothing_to_do_with_isolation_is_not_told() throws InterruptedException {
        try (IsolationWatch watch =
                HostDatabase.audit(HostDatabase.as("app_user", database)).watch(EVERY, told::add)) {
            HostDatabase.execute(
                    superuser,
                    "insert into app.country values ('no')",
                    "create table elsewhere.log (line text)",
                    "comment on table app.task is 'x'",
                    "create role stranger_" + database + " login");
            assertThat(told.poll(500, TimeUnit.MILLISECONDS)).isNull();
        } finally {
            HostDatabase.execute(superuser, "drop role stranger_" + database);
        }
    }

    @Test
    void a_database_that_is_away_for_a_while_and_a_listener_that_throws_do_not_end_it() throws InterruptedException {
        var away = new AtomicBoolean();
        DataSource app = HostDatabase.as("app_user", database);
        DataSource flaky = (DataSource) Proxy.newProxyInstance(
                DataSource.class.getClassLoader(), new Class<?>[] {DataSource.class}, (proxy, method, args) -> {
                    if (away.get()) {
                        throw new SQLException("the database is away", "08006");
                    }
                    return method.invoke(app, args);
                });
        try (IsolationWatch watch = HostDatabase.audit(flaky).watch(EVERY, drift -> {
            told.add(drift);
            throw new IllegalStateException("a listener's own trouble");
        })) {
            away.set(true);
            HostDatabase.execute(superuser, "alter table app.task disable row level security");
            assertThat(told.poll(300, TimeUnit.MILLISECONDS)).isNull();
            away.set(false);
            assertThat(told.poll(60, TimeUnit.SECONDS)).isNotNull();
            HostDatabase.execute(superuser, "alter table app.note disable row level security");
            assertThat(told.poll(60, TimeUnit.SECONDS)).isNotNull();
        }
    }

    @Test
    void nothing_is_told_after_it_was_closed() throws InterruptedException {
        IsolationWatch watch =
                HostDatabase.audit(HostDatabase.as("app_user", database)).watch(EVERY, told::add);
        watch.close();
        watch.close();
        HostDatabase.execute(superuser, "alter table app.task disable row level security");
        assertThat(told.poll(300, TimeUnit.MILLISECONDS)).isNull();
    }

    @Test
    void it_looks_at_least_once_a_minute() {
        IsolationAudit audit = HostDatabase.audit(superuser);
        for (Duration wrong : new Duration[] {Duration.ZERO, Duration.ofSeconds(-1), Duration.ofSeconds(61)}) {
            assertThatThrownBy(() -> audit.watch(wrong, told::add))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("60 seconds");
        }
    }

    @Test
    void on_h2_there_is_nothing_that_could_drift() throws InterruptedException {
        var h2 = new JdbcDataSource();
        h2.setURL("jdbc:h2:mem:watched;DB_CLOSE_DELAY=-1");
        try (IsolationWatch watch = IsolationAudit.of(h2).watch(EVERY, told::add)) {
            assertThat(told.poll(300, TimeUnit.MILLISECONDS)).isNull();
        }
    }
}
