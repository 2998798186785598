package io.plg.docs;

import static io.plg.docs.FirstFunnelTest.EXPORTED;
import static io.plg.docs.FirstFunnelTest.ONBOARDING;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.jdbi.JdbiPlg;
import io.plg.jdbi.PlgSchema;
import java.sql.Connection;
import javax.sql.DataSource;
import org.h2.jdbcx.JdbcDataSource;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The code of docs/how-to/join-your-transaction.md. */
class JoinTransactionTest {
    private final DataSource dataSource = database("join");
    private final Jdbi jdbi = Jdbi.create(dataSource);
    private JdbiPlg plg;

    static DataSource database(String name) {
        var database = new JdbcDataSource();
        database.setURL("jdbc:h2:mem:" + name + System.nanoTime() + ";DB_CLOSE_DELAY=-1");
        return database;
    }

    @BeforeEach
    void start() {
        PlgSchema.on(dataSource).migrate();
        jdbi.useHandle(handle -> handle.execute("create table project (name varchar primary key)"));
        plg = JdbiPlg.on(dataSource).funnel(ONBOARDING).build();
    }

    @AfterEach
    void stop() {
        plg.close();
    }

    @Test
    void commits_with_the_handle() {
        // tag::join[]
        jdbi.useTransaction(handle -> {
            handle.execute("insert into project (name) values (?)", "Roadmap");
            plg.in(handle).workspace("acme").activation(ONBOARDING).complete("ada", "first_project_created");
        }); // the project and the step are one commit
        // end::join[]

        assertThat(projects()).isEqualTo(1);
        assertThat(plg.workspace("acme").activation(ONBOARDING).state("ada").score())
                .isEqualTo(25);
    }

    @Test
    void rolls_back_with_the_handle() {
        // tag::rollback[]
        assertThatThrownBy(() -> jdbi.useTransaction(handle -> {
                    plg.in(handle).workspace("acme").activation(ONBOARDING).complete("ada", EXPORTED);
                    throw new IllegalStateException("no space left");
                }))
                .hasMessage("no space left");

        assertThat(plg.workspace("acme").activation(ONBOARDING).state("ada").activated())
                .isFalse();
        // end::rollback[]
    }

    @Test
    void commits_with_a_connection() throws Exception {
        // tag::connection[]
        try (Connection connection = dataSource.getConnection()) {
            connection.setAutoCommit(false);
            plg.in(connection).workspace("acme").activation(ONBOARDING).complete("ada", EXPORTED);
            connection.commit();
        }
        // end::connection[]

        assertThat(plg.workspace("acme").activation(ONBOARDING).state("ada").activated())
                .isTrue();
    }

    @Test
    void several_calls_are_one_transaction() {
        // tag::transact[]
        plg.transact(tx -> {
            var onboarding = tx.workspace("acme").activation(ONBOARDING);
            onboarding.complete("ada", "account_created");
            onboarding.complete("lin", "account_created");
        });
        // end::transact[]

        assertThat(plg.workspace("acme").activation(ONBOARDING).state("lin").score())
                .isEqualTo(25);
    }

    private int projects() {
        return jdbi.withHandle(handle -> handle.createQuery("select count(*) from project")
                .mapTo(Integer.class)
                .one());
    }
}
