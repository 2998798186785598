package io.plg.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.zaxxer.hikari.HikariDataSource;
import io.plg.Plg;
import io.plg.PlgListener;
import io.plg.TransactionConflict;
import io.plg.activation.Activation;
import io.plg.activation.ActivationFunnel;
import io.plg.event.GrowthEvent;
import io.plg.gate.LimitReached;
import io.plg.idempotency.Fingerprint;
import io.plg.idempotency.IdempotencyKey;
import io.plg.idempotency.Operation;
import io.plg.idempotency.Outcome;
import io.plg.idempotency.Principal;
import io.plg.jdbi.JdbiPlg;
import io.plg.jdbi.PlgSchema;
import io.plg.plan.Feature;
import io.plg.plan.PlanCatalog;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import javax.sql.DataSource;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.springframework.beans.factory.support.StaticListableBeanFactory;
import org.springframework.dao.CannotAcquireLockException;
import org.springframework.dao.DuplicateKeyException;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DataSourceTransactionManager;
import org.springframework.jdbc.datasource.TransactionAwareDataSourceProxy;
import org.springframework.transaction.TransactionDefinition;
import org.springframework.transaction.support.TransactionSynchronization;
import org.springframework.transaction.support.TransactionSynchronizationManager;
import org.springframework.transaction.support.TransactionTemplate;

/** What plg does inside Spring's transactions, on any database. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
abstract class SpringTransactionsContract {
    static final ActivationFunnel FUNNEL = ActivationFunnel.named("onboarding")
            .step("signed_up")
            .step("project")
            .step("invited")
            .aha("exported")
            .build();

    static final Feature.Cap PROJECTS = Feature.cap("projects");
    static final PlanCatalog PLANS =
            PlanCatalog.builder().plan("free", p -> p.limit(PROJECTS, 3)).build();

    private final List<AutoCloseable> opened = new ArrayList<>();
    private final List<String> heard = new ArrayList<>();
    private Consumer<GrowthEvent> reaction = event -> {};
    private int workspaces;

    private HikariDataSource dataSource;
    private DataSourceTransactionManager manager;
    private Activation acme;
    private JdbcTemplate jdbc;

    /** Returns a pool on an empty database that is always the same one. */
    abstract HikariDataSource pool(boolean autoCommit);

    @BeforeAll
    void createTables() {
        dataSource = opened(pool(true));
        PlgSchema.on(dataSource).migrate();
        jdbc = new JdbcTemplate(dataSource);
        jdbc.execute("CREATE TABLE project (id VARCHAR(20) PRIMARY KEY)");
    }

    @BeforeEach
    void start() {
        heard.clear();
        reaction = event -> {};
        jdbc.update("DELETE FROM project");
        on(dataSource);
    }

    @AfterAll
    void close() throws Exception {
        for (int i = opened.size(); i-- > 0; ) {
            opened.get(i).close();
        }
    }

    // --- commit and rollback ---

    @Test
    void whatIsDoneInATransactionCommitsWithIt() {
        in(required(), () -> {
            insertProject("p1");
            acme.complete("ada", "project");
            assertThat(completedElsewhere("ada")).isEmpty();
            assertThat(heard).isEmpty();
        });

        assertThat(completedElsewhere("ada")).containsExactly("project");
        assertThat(heard).containsExactly("ada project");
        assertThat(projects()).isEqualTo(1);
    }

    @Test
    void whatIsDoneInATransactionIsUndoneWithIt() {
        assertThatThrownBy(() -> in(required(), () -> {
                    insertProject("p1");
                    acme.complete("ada", "project");
                    throw new IllegalStateException("meant to fail");
                }))
                .hasMessage("meant to fail");

        assertNothingHappened();
    }

    @Test
    void aUnitAndTheRowThatUsesItUpAreOneCommit() {
        var gates = plg.workspace(acmeId()).gates();
        in(required(), () -> {
            insertProject("p1");
            gates.consumeOrThrow(PROJECTS);
            gates.consumeOrThrow(PROJECTS);
            assertThat(gates.check(PROJECTS).used()).isEqualTo(2);
        });
        assertThatThrownBy(() -> in(required(), () -> {
                    insertProject("p2");
                    gates.consumeOrThrow(PROJECTS, 2);
                }))
                .isInstanceOf(LimitReached.class);
        assertThatThrownBy(() -> in(required(), () -> {
                    gates.consumeOrThrow(PROJECTS);
                    throw new IllegalStateException("meant to fail");
                }))
                .hasMessage("meant to fail");

        assertThat(projects()).isEqualTo(1);
        assertThat(gates.check(PROJECTS).used()).isEqualTo(2);
        in(required(), () -> gates.admit(PROJECTS, 1, this::projects));
        assertThat(gates.check(PROJECTS).used()).isEqualTo(2);
    }

    @Test
    void whatIsDoneInATransactionIsUndoneIfItIsMarkedForRollback() {
        required().executeWithoutResult(status -> {
            acme.complete("ada", "project");
            status.setRollbackOnly();
        });

        assertNothingHappened();
    }

    @Test
    void whatIsDoneInATransactionIsUndoneIfItsCommitFails() {
        assertThatThrownBy(() -> in(required(), () -> {
                    acme.complete("ada", "project");
                    TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
                        @Override
                        public void beforeCommit(boolean readOnly) {
                            throw new IllegalStateException("meant to fail");
                        }
                    });
                }))
                .hasMessage("meant to fail");

        assertNothingHappened();
    }

    @Test
    void aTransactionSeesWhatItWrote() {
        acme.complete("ada", "signed_up");
        acme.state("ada"); // now in the cache

        in(required(), () -> {
            acme.complete("ada", "project");
            assertThat(acme.state("ada").score()).isEqualTo(50);
        });

        assertThat(acme.state("ada").score()).isEqualTo(50);
    }

    @Test
    void whatATransactionReadsDoesNotOutliveItsRollback() {
        required().executeWithoutResult(status -> {
            acme.complete("ada", "project");
            assertThat(acme.state("ada").score()).isEqualTo(25);
            status.setRollbackOnly();
        });

        assertThat(acme.state("ada").score()).isZero();
    }

    @Test
    void everythingOfATransactionIsToldAfterItInOrder() {
        in(required(), () -> {
            acme.complete("ada", "signed_up");
            acme.complete("ada", "exported");
            acme.complete("lin", "project");
        });

        assertThat(heard).containsExactly("ada signed_up", "ada exported", "ada activated", "lin project");
    }

    @Test
    void plgsOwnTransactionJoinsTheOneOfSpring() {
        assertThatThrownBy(() -> in(required(), () -> {
                    plg.transact(tx -> tx.workspace(acmeId()).activation(FUNNEL).complete("ada", "project"));
                    assertThat(completedElsewhere("ada")).isEmpty();
                    throw new IllegalStateException("meant to fail");
                }))
                .hasMessage("meant to fail");

        assertNothingHappened();
    }

    @Test
    void aMistakeInATransactionHarmsNothingElseInIt() {
        in(required(), () -> {
            insertProject("p1");
            assertThatThrownBy(() -> acme.complete("ada", "no such step")).isInstanceOf(RuntimeException.class);
            acme.complete("ada", "project");
        });

        assertThat(completedElsewhere("ada")).containsExactly("project");
        assertThat(projects()).isEqualTo(1);
    }

    // --- without a transaction ---

    @Test
    void withoutATransactionEachCallIsItsOwn() {
        acme.complete("ada", "project");

        assertThat(completedElsewhere("ada")).containsExactly("project");
        assertThat(heard).containsExactly("ada project");
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whereSpringOnlySynchronizesEachCallIsItsOwn(boolean autoCommit) {
        on(opened(pool(autoCommit)));

        in(template(TransactionDefinition.PROPAGATION_SUPPORTS), () -> {
            assertThat(projects()).isZero(); // binds a connection to the thread
            acme.complete("ada", "project");
            assertThat(completedElsewhere("ada")).containsExactly("project");
            assertThat(heard).containsExactly("ada project");
        });
    }

    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void aTransactionOfAnotherDataSourceIsNotJoined(boolean autoCommit) {
        on(opened(pool(autoCommit)));
        var others = new TransactionTemplate(new DataSourceTransactionManager(opened(pool(true))));

        others.executeWithoutResult(status -> {
            assertThat(projects()).isZero(); // binds a connection of ours to the thread, outside any transaction of it
            acme.complete("ada", "project");
            assertThat(completedElsewhere("ada")).containsExactly("project");
            assertThat(heard).containsExactly("ada project");
            status.setRollbackOnly();
        });

        assertThat(completedElsewhere("ada")).containsExactly("project");
    }

    // --- transactions within transactions ---

    @Test
    void aTransactionWithinATransactionIsItsOwnIfItIsNew() {
        required().executeWithoutResult(status -> {
            acme.complete("ada", "project");
            in(template(TransactionDefinition.PROPAGATION_REQUIRES_NEW), () -> acme.complete("lin", "project"));
            assertThat(heard).containsExactly("lin project");
            status.setRollbackOnly();
        });

        assertThat(completedElsewhere("lin")).containsExactly("project");
        assertThat(completedElsewhere("ada")).isEmpty();
        assertThat(heard).containsExactly("lin project");
    }

    @Test
    void aSuspendedTransactionIsNotJoined() {
        required().executeWithoutResult(status -> {
            in(template(TransactionDefinition.PROPAGATION_NOT_SUPPORTED), () -> acme.complete("lin", "project"));
            assertThat(heard).containsExactly("lin project");
            status.setRollbackOnly();
        });

        assertThat(completedElsewhere("lin")).containsExactly("project");
    }

    @Test
    void whatWasDoneAfterASavepointIsForgottenWithIt() {
        in(required(), () -> {
            acme.complete("ada", "signed_up");
            nested().executeWithoutResult(status -> {
                acme.complete("ada", "project");
                status.setRollbackOnly();
            });
            nested().executeWithoutResult(status -> acme.complete("ada", "invited"));
        });

        assertThat(completedElsewhere("ada")).containsExactly("signed_up", "invited");
        assertThat(heard).containsExactly("ada signed_up", "ada invited");
        assertThat(acme.state("ada").score()).isEqualTo(50);
    }

    @Test
    void whatWasDoneAfterASavepointIsForgottenWithItAlsoIfItWasTheFirst() {
        in(required(), () -> {
            nested().executeWithoutResult(outer -> {
                acme.complete("ada", "project");
                nested().executeWithoutResult(inner -> acme.complete("ada", "invited"));
                outer.setRollbackOnly();
            });
            acme.complete("ada", "exported");
        });

        assertThat(completedElsewhere("ada")).containsExactly("exported");
        assertThat(heard).containsExactly("ada exported", "ada activated");
    }

    // --- after the commit ---

    @Test
    void aListenerMayCallPlg() {
        reaction = event -> {
            if (event instanceof GrowthEvent.StepCompleted done && done.step().equals("project")) {
                acme.complete(event.user(), "invited");
                assertThat(completedElsewhere("ada")).containsExactly("project", "invited");
            }
        };

        in(required(), () -> acme.complete("ada", "project"));

        assertThat(completedElsewhere("ada")).containsExactly("project", "invited");
        assertThat(heard).containsExactly("ada project", "ada invited");
    }

    @Test
    void aListenerMayBeginATransaction() {
        reaction = event -> {
            if (event instanceof GrowthEvent.StepCompleted done && done.step().equals("project")) {
                in(required(), () -> {
                    insertProject("p1");
                    acme.complete(event.user(), "invited");
                    assertThat(heard).containsExactly("ada project");
                });
                required().executeWithoutResult(status -> {
                    insertProject("p2");
                    acme.complete(event.user(), "exported");
                    status.setRollbackOnly();
                });
            }
        };

        in(required(), () -> acme.complete("ada", "project"));

        assertThat(completedElsewhere("ada")).containsExactly("project", "invited");
        assertThat(heard).containsExactly("ada project", "ada invited");
        assertThat(projects()).isEqualTo(1);
    }

    @Test
    void whatIsDoneInACallbackAfterTheCommitIsStored() {
        in(required(), () -> afterCommit(() -> acme.complete("ada", "project")));

        assertThat(completedElsewhere("ada")).containsExactly("project");
        assertThat(heard).containsExactly("ada project");
    }

    @Test
    void whatIsDoneInACallbackAfterTheCommitIsStoredAlsoWithoutAutocommit() {
        on(opened(pool(false)));

        in(required(), () -> {
            acme.complete("ada", "signed_up");
            afterCommit(() -> acme.complete("ada", "project"));
        });
        in(required(), () -> afterCommit(() -> acme.complete("lin", "project")));

        assertThat(completedElsewhere("ada")).containsExactly("signed_up", "project");
        assertThat(completedElsewhere("lin")).containsExactly("project");
        assertThat(heard).containsExactly("ada signed_up", "ada project", "lin project");
    }

    @Test
    void whatIsDoneInACallbackAfterTheCompletionIsItsOwn() {
        required().executeWithoutResult(status -> {
            TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
                @Override
                public void afterCompletion(int outcome) {
                    acme.complete("ada", "project");
                }
            });
            status.setRollbackOnly();
        });

        assertThat(completedElsewhere("ada")).containsExactly("project");
        assertThat(heard).containsExactly("ada project");
    }

    // --- kinds of DataSource ---

    @Test
    void aPoolWithoutAutocommitTakesPartInTransactions() {
        on(opened(pool(false)));

        in(required(), () -> acme.complete("ada", "project"));
        required().executeWithoutResult(status -> {
            acme.complete("ada", "invited");
            status.setRollbackOnly();
        });

        assertThat(completedElsewhere("ada")).containsExactly("project");
        assertThat(heard).containsExactly("ada project");
    }

    @Test
    void aPoolWithoutAutocommitIsUsedAsIfItHadItWhereThereIsNoTransaction() throws SQLException {
        HikariDataSource pool = opened(pool(false));
        on(pool);

        acme.complete("ada", "signed_up");
        plg.transact(tx -> tx.workspace(acmeId()).activation(FUNNEL).complete("ada", "project"));

        assertThat(completedElsewhere("ada")).containsExactly("signed_up", "project");
        assertThat(acme.state("ada").score()).isEqualTo(50);
        assertThat(heard).containsExactly("ada signed_up", "ada project");
        try (Connection next = pool.getConnection()) {
            assertThat(next.getAutoCommit()).isFalse();
        }
    }

    @Test
    void aDataSourceThatIsAwareOfTransactionsAlreadyIsJoined() {
        on(new TransactionAwareDataSourceProxy(dataSource));

        required().executeWithoutResult(status -> {
            acme.complete("ada", "project");
            status.setRollbackOnly();
        });

        assertNothingHappened();
    }

    @Test
    void noConnectionIsLeftBehind() {
        HikariDataSource small = opened(pool(true));
        small.setMaximumPoolSize(2);
        on(small);
        reaction = event -> acme.state(event.user());

        for (int i = 0; i < 5; i++) {
            String user = "user" + i;
            in(required(), () -> acme.complete(user, "project"));
            required().executeWithoutResult(status -> {
                acme.complete(user, "invited");
                status.setRollbackOnly();
            });
            acme.state(user);
        }

        assertThat(small.getHikariPoolMXBean().getActiveConnections()).isZero();
    }

    // --- transactions that plg begins ---

    @Test
    void whatTheApplicationDoesInATransactionOfPlgCommitsAndRollsBackWithIt() {
        for (boolean fails : List.of(true, false)) {
            try {
                plg.transact(tx -> {
                    insertProject("p1");
                    tx.workspace(acmeId()).activation(FUNNEL).complete("ada", "project");
                    assertThat(heard).isEmpty();
                    if (fails) {
                        throw new IllegalStateException("meant to fail");
                    }
                });
            } catch (IllegalStateException expected) {
                assertNothingHappened();
            }
        }
        assertThat(projects()).isEqualTo(1);
        assertThat(heard).containsExactly("ada project");
    }

    @Test
    void theApplicationsRowsOfAnEffectAreThereOnceAndOnlyWithItsKey() {
        for (int i = 0; i < 3; i++) {
            Outcome<Integer> outcome = once("k", () -> insertProject("p1"));
            assertThat(outcome).isInstanceOf(i == 0 ? Outcome.Executed.class : Outcome.Replayed.class);
        }
        assertThat(projects()).isEqualTo(1);

        assertThatThrownBy(() -> once("other", () -> {
                    insertProject("p2");
                    insertProject("p1"); // is there
                }))
                .isInstanceOf(DuplicateKeyException.class);
        assertThat(projects()).isEqualTo(1);
        assertThat(once("other", () -> insertProject("p2"))).isInstanceOf(Outcome.Executed.class);
    }

    @Test
    void anEffectThatLostToAnotherTransactionIsBegunAgainUnlessTheTransactionIsTheApplications() {
        var runs = new AtomicInteger();
        Runnable effect = () -> {
            insertProject("p" + runs.get());
            if (runs.incrementAndGet() < 3) {
                throw new CannotAcquireLockException("lost", new SQLException("deadlock detected", "40P01"));
            }
        };

        assertThat(once("k", effect)).isInstanceOf(Outcome.Executed.class);
        assertThat(runs).hasValue(3);
        assertThat(projects()).isEqualTo(1);

        runs.set(0);
        assertThatThrownBy(() -> in(required(), () -> once("l", effect))).isInstanceOf(TransactionConflict.class);
        assertThat(runs).hasValue(1);
        assertThat(projects()).isEqualTo(1);
    }

    @Test
    void insideATransactionOfAnotherDataSourceOneOfPlgIsApart() {
        HikariDataSource other = opened(pool(true));
        var others = new DataSourceTransactionManager(other);

        new TransactionTemplate(others).executeWithoutResult(status -> {
            assertThat(once("k", () -> {})).isInstanceOf(Outcome.Executed.class);
            status.setRollbackOnly();
        });

        assertThat(once("k", () -> {})).isInstanceOf(Outcome.Replayed.class);
    }

    @Test
    void insideATransactionOfAnotherDataSourceTheApplicationsRowsOfAnEffectAreStillWithItsKey() {
        var others = new DataSourceTransactionManager(opened(pool(true)));

        new TransactionTemplate(others)
                .executeWithoutResult(status -> assertThatThrownBy(() -> once("k", () -> {
                            insertProject("p1");
                            throw new IllegalStateException("meant to fail");
                        }))
                        .hasMessage("meant to fail"));

        assertThat(projects()).isZero();
        assertThat(once("k", () -> insertProject("p1"))).isInstanceOf(Outcome.Executed.class);
    }

    @Test
    void ofSeveralTransactionManagersTheOneOfTheDataSourceIsTaken() {
        on(dataSource, Map.of("others", new DataSourceTransactionManager(opened(pool(true)))));

        assertThatThrownBy(() -> once("k", () -> {
                    insertProject("p1");
                    throw new IllegalStateException("meant to fail");
                }))
                .hasMessage("meant to fail");

        assertThat(projects()).isZero();
    }

    @Test
    @Timeout(value = 60, threadMode = Timeout.ThreadMode.SEPARATE_THREAD) // wrongly done, the two wait for each other
    void whatIsDoneInATransactionThatSuspendsOneOfPlgIsAllInThatOne() {
        assertThatThrownBy(() -> once("outer", () -> {
                    in(template(TransactionDefinition.PROPAGATION_REQUIRES_NEW), () -> {
                        assertThat(once("inner", () -> insertProject("p1"))).isInstanceOf(Outcome.Executed.class);
                        acme.complete("ada", "project");
                    });
                    in(
                            template(TransactionDefinition.PROPAGATION_NOT_SUPPORTED),
                            () -> acme.complete("ada", "invited"));
                    throw new IllegalStateException("meant to fail");
                }))
                .hasMessage("meant to fail");

        assertThat(once("inner", () -> insertProject("p1"))).isInstanceOf(Outcome.Replayed.class);
        assertThat(once("outer", () -> {})).isInstanceOf(Outcome.Executed.class);
        assertThat(projects()).isEqualTo(1);
        assertThat(completedElsewhere("ada")).containsExactlyInAnyOrder("project", "invited");
        assertThat(heard).containsExactly("ada project", "ada invited");
    }

    @Test
    void anEffectInACallbackAfterTheCommitIsStored() {
        for (boolean autoCommit : List.of(true, false)) {
            on(opened(pool(autoCommit)));
            String project = "p" + autoCommit;
            in(
                    required(),
                    () -> TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
                        @Override
                        public void afterCommit() {
                            once("k", () -> insertProject(project));
                        }
                    }));
            assertThat(once("k", () -> insertProject(project))).isInstanceOf(Outcome.Replayed.class);
        }
        assertThat(projects()).isEqualTo(2);
    }

    @Test
    void whatTheApplicationThrowsAtTheCommitOfATransactionOfPlgReachesTheCallerUnchanged() {
        var failure = new IllegalArgumentException("domain rule");

        assertThatThrownBy(() -> once(
                        "k",
                        () -> TransactionSynchronizationManager.registerSynchronization(
                                new TransactionSynchronization() {
                                    @Override
                                    public void beforeCommit(boolean readOnly) {
                                        throw failure;
                                    }
                                })))
                .isSameAs(failure);

        assertThat(once("k", () -> {})).isInstanceOf(Outcome.Executed.class);
    }

    private Outcome<Integer> once(String key, Runnable effect) {
        return plg.workspace(acmeId())
                .idempotency()
                .execute(
                        Operation.of("create-project", Integer.class),
                        Principal.by("ada"),
                        IdempotencyKey.of(key),
                        Fingerprint.of("create"),
                        tx -> {
                            effect.run();
                            return 1;
                        });
    }

    // --- helpers ---

    private Plg plg;

    private void on(DataSource source) {
        on(source, Map.of());
    }

    private void on(DataSource source, Map<String, Object> others) {
        manager = new DataSourceTransactionManager(source);
        var all = new HashMap<>(others);
        all.put("transactionManager", manager);
        var beans = new StaticListableBeanFactory(all);
        plg = opened(SpringTransactions.join(source, beans)
                .funnel(FUNNEL)
                .plans(PLANS)
                .listener(new PlgListener() {
                    @Override
                    public void onEvent(GrowthEvent event) {
                        heard.add(event.user() + " "
                                + (event instanceof GrowthEvent.StepCompleted done ? done.step() : "activated"));
                        reaction.accept(event);
                    }
                })
                .build());
        jdbc = new JdbcTemplate(source);
        workspaces++;
        acme = plg.workspace(acmeId()).activation(FUNNEL);
    }

    private String acmeId() {
        return "acme" + workspaces;
    }

    final <T extends AutoCloseable> T opened(T resource) {
        opened.add(resource);
        return resource;
    }

    private void insertProject(String id) {
        jdbc.update("INSERT INTO project (id) VALUES (?)", id);
    }

    private int projects() {
        return jdbc.queryForObject("SELECT count(*) FROM project", Integer.class);
    }

    /** What another node would see: another thread, another plg, no cache. */
    private List<String> completedElsewhere(String user) {
        String workspace = acmeId();
        return CompletableFuture.supplyAsync(() -> {
                    try (Plg other = JdbiPlg.on(dataSource).funnel(FUNNEL).build()) {
                        return other.workspace(workspace).activation(FUNNEL).state(user).completed().keySet().stream()
                                .map(step -> step.name())
                                .toList();
                    }
                })
                .join();
    }

    private void assertNothingHappened() {
        assertThat(completedElsewhere("ada")).isEmpty();
        assertThat(acme.state("ada").score()).isZero();
        assertThat(projects()).isZero();
        assertThat(heard).isEmpty();
    }

    private TransactionTemplate required() {
        return template(TransactionDefinition.PROPAGATION_REQUIRED);
    }

    private TransactionTemplate nested() {
        return template(TransactionDefinition.PROPAGATION_NESTED);
    }

    private TransactionTemplate template(int propagation) {
        var template = new TransactionTemplate(manager);
        template.setPropagationBehavior(propagation);
        return template;
    }

    private static void in(TransactionTemplate transaction, Runnable work) {
        transaction.executeWithoutResult(status -> work.run());
    }

    private static void afterCommit(Runnable work) {
        TransactionSynchronizationManager.registerSynchronization(new TransactionSynchronization() {
            @Override
            public void afterCommit() {
                work.run();
            }
        });
    }
}
