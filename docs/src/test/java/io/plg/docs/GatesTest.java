package io.plg.docs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.plg.Plg;
import io.plg.SettableClock;
import io.plg.UserId;
import io.plg.Workspace;
import io.plg.gate.GateDecision;
import io.plg.gate.Gates;
import io.plg.gate.Grant;
import io.plg.gate.LeasedQuota;
import io.plg.gate.LimitReached;
import io.plg.gate.PlanPreview;
import io.plg.gate.Reservation;
import io.plg.gate.Severity;
import io.plg.jdbi.JdbiPlg;
import io.plg.jdbi.PlgSchema;
import io.plg.plan.Every;
import io.plg.plan.Feature;
import io.plg.plan.Limit;
import io.plg.plan.PlanCatalog;
import io.plg.plan.PlanVersion;
import io.plg.prompt.Prompt;
import io.plg.prompt.PromptPolicy;
import java.time.Duration;
import java.time.Instant;
import java.time.Period;
import java.time.ZoneId;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import org.h2.jdbcx.JdbcDataSource;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class GatesTest {
    // tag::plans[]
    static final Feature.Cap PROJECTS = Feature.cap("projects");
    static final Feature.Cap TEAM_MEMBERS = Feature.cap("team_members");
    static final Feature.Quota EXPORTS = Feature.quota("exports", Every.MONTH);
    static final Feature.Cap STORAGE = Feature.cap("storage_gb").withDecimals(3);
    static final Feature.Flag API_ACCESS = Feature.flag("api_access");
    static final Feature.Flag CUSTOM_DOMAIN = Feature.flag("custom_domain");
    static final Feature.Flag PRIORITY_SUPPORT = Feature.flag("priority_support");

    static final PlanCatalog PLANS = PlanCatalog.builder() // in order of rank
            .plan(
                    "free",
                    p -> p.limit(PROJECTS, 3)
                            .limit(TEAM_MEMBERS, 2)
                            .limit(EXPORTS, 5)
                            .limit(STORAGE, 1))
            .plan(
                    "starter",
                    p -> p.price(19, "USD")
                            .trial(Duration.ofDays(14))
                            .limit(PROJECTS, 10)
                            .limit(TEAM_MEMBERS, Limit.of(5).grace(Duration.ofDays(7)))
                            .limit(EXPORTS, Limit.of(50).atMost(20, Every.DAY))
                            .limit(STORAGE, 20)
                            .allow(API_ACCESS))
            .plan(
                    "growth",
                    p -> p.price(99, "USD")
                            .unlimited(PROJECTS)
                            .limit(TEAM_MEMBERS, 50)
                            .limit(
                                    EXPORTS,
                                    Limit.of(1_000).thresholds(50, 80, 100).warn())
                            .limit(STORAGE, 500)
                            .allow(API_ACCESS, CUSTOM_DOMAIN, PRIORITY_SUPPORT))
            .addOn("extra_exports", a -> a.price(9, "USD").limit(EXPORTS, 100))
            .defaultPlan("free")
            .build();
    // end::plans[]

    private final JdbcDataSource dataSource = new JdbcDataSource();
    private JdbiPlg plg;
    private Workspace acme;
    private Jdbi jdbi;

    @BeforeEach
    void start() {
        dataSource.setURL("jdbc:h2:mem:gates" + System.nanoTime() + ";DB_CLOSE_DELAY=-1");
        PlgSchema.on(dataSource).migrate();
        jdbi = Jdbi.create(dataSource);
        jdbi.useHandle(handle -> handle.execute(
                "create table project (id int auto_increment primary key, workspace varchar, name varchar)"));
        plg = JdbiPlg.on(dataSource).plans(PLANS).build();
        acme = plg.workspace("acme");
    }

    @AfterEach
    void stop() {
        plg.close();
    }

    @Test
    void a_unit_test_turns_the_month() {
        // tag::in-memory[]
        var clock = SettableClock.at("2026-04-12T08:00:00Z");
        var plg = Plg.inMemory().plans(PLANS).clock(clock).build();
        var acme = plg.workspace("acme");

        acme.gates().consumeOrThrow(EXPORTS, 5);
        assertThat(acme.gates().consume(EXPORTS).allowed()).isFalse();
        clock.advance(Period.ofMonths(1));
        assertThat(acme.gates().consume(EXPORTS).allowed()).isTrue();
        // end::in-memory[]
    }

    @Test
    void the_unit_and_the_row_are_one_commit() {
        // tag::join[]
        jdbi.useTransaction(handle -> {
            plg.in(handle)
                    .workspace("acme")
                    .gates()
                    .consumeOrThrow(PROJECTS); // LimitReached carries the decision and the prompt
            insertProject(handle, "Roadmap");
        });
        // end::join[]
        assertThat(acme.gates().check(PROJECTS).used()).isEqualTo(1);

        // tag::delete[]
        jdbi.useTransaction(handle -> {
            handle.execute("delete from project where name = ?", "Roadmap");
            plg.in(handle).workspace("acme").gates().refund(PROJECTS);
        });
        // end::delete[]
        assertThat(acme.gates().check(PROJECTS).used()).isZero();
    }

    @Test
    void the_hosts_own_count_is_taken_under_a_lock() {
        // tag::admit[]
        jdbi.useTransaction(handle -> {
            GateDecision decision = plg.in(handle)
                    .workspace("acme")
                    .gates()
                    .admit(
                            PROJECTS,
                            1,
                            () -> handle.createQuery("select count(*) from project where workspace = 'acme'")
                                    .mapTo(Long.class)
                                    .one());
            if (decision.allowed()) {
                insertProject(handle, "Roadmap");
            }
        });
        // end::admit[]
        assertThat(acme.gates().check(PROJECTS).used()).isEqualTo(1);
    }

    private static void insertProject(Handle handle, String name) {
        handle.execute("insert into project (workspace, name) values ('acme', ?)", name);
    }

    @Test
    void asking_before_it_hurts() {
        acme.gates().consumeOrThrow(EXPORTS, 4);
        // tag::ask[]
        if (acme.gates().allows(API_ACCESS)) { // a boolean from memory
            throw new AssertionError("the free plan has no API");
        }

        GateDecision exports = acme.gates().check(EXPORTS);
        assertThat(exports.severity()).isEqualTo(Severity.APPROACHING);
        assertThat(exports.message()).isEqualTo("You have used 4 of 5 exports this month.");
        assertThat(exports.upgrade().plan()).contains("starter"); // the cheapest plan that would allow one more
        assertThat(exports.upgrade().message()).isEqualTo("Upgrade to starter for 50 exports a month.");
        // end::ask[]

        // tag::refused[]
        assertThatThrownBy(() -> acme.gates().consumeOrThrow(EXPORTS, 2))
                .isInstanceOfSatisfying(LimitReached.class, refused -> {
                    assertThat(refused.decision().remaining()).isEqualTo(1);
                    assertThat(refused.decision().resetsAt()).isPresent();
                });
        // end::refused[]
    }

    @Test
    void what_takes_a_while_is_reserved_first() {
        // tag::reserve[]
        Reservation.Held held =
                acme.gates().reserve(EXPORTS, 3, Duration.ofMinutes(10)).orThrow();
        int exported = exportFiles(); // minutes of work outside of any transaction
        acme.gates().confirm(held.id(), exported); // the rest is free again; release(id) if nothing was done
        // end::reserve[]
        assertThat(acme.gates().check(EXPORTS).used()).isEqualTo(2);
    }

    private static int exportFiles() {
        return 2;
    }

    @Test
    void one_consumption_is_taken_back() {
        // tag::refund[]
        GateDecision export = acme.gates().consumeOrThrow(EXPORTS, 2);
        acme.gates().refund(EXPORTS, export.receipt().orElseThrow()); // exactly this one, at most once
        // end::refund[]
        assertThat(acme.gates().check(EXPORTS).used()).isZero();
    }

    @Test
    void who_has_what() {
        // tag::entitlements[]
        var entitlements = acme.entitlements();
        entitlements.startTrial("starter"); // 14 days, as the plan says; then back to what it had
        entitlements.assignPlan("starter"); // from now on
        entitlements.assignPlan(PlanVersion.latestOf("free"), Instant.now().plus(Duration.ofDays(30))); // from then on
        entitlements.periodsFrom(Instant.parse("2026-01-31T09:00:00Z"), ZoneId.of("Europe/Berlin")); // billing day

        UUID addOn = entitlements.addOn("extra_exports", 2);
        entitlements.override(PROJECTS, Limit.of(25)); // a promise of sales
        entitlements.grant(Grant.of(EXPORTS, 20) // on top: won, bought or given away
                .priority(1) // used up before what the plan gives
                .until(Instant.now().plus(Duration.ofDays(60)))
                .note("a thank-you for the beta"));
        entitlements.unlock(CUSTOM_DOMAIN, Duration.ofDays(7));
        entitlements.end(addOn);
        // end::entitlements[]

        // tag::explain[]
        acme.gates().explain(EXPORTS).steps().forEach(System.out::println);
        acme.gates().explain(EXPORTS).allowances().forEach(System.out::println);
        // end::explain[]
        assertThat(acme.gates().check(EXPORTS).limit()).isEqualTo(70);

        // tag::preview[]
        PlanPreview preview = acme.gates().previewPlan("free");
        preview.overLimit()
                .forEach(over -> System.out.println(over.feature().name() + ": " + over.excess() + " too many"));
        // end::preview[]
    }

    @Test
    void a_member_has_a_share() {
        UserId ada = UserId.of("ada");
        acme.entitlements().override(EXPORTS, Limit.of(50).perMember(10));
        // tag::member[]
        acme.gates().by(ada).consumeOrThrow(EXPORTS, 10); // Limit.of(50).perMember(10)
        assertThat(acme.gates().by(ada).consume(EXPORTS).allowed()).isFalse();
        assertThat(acme.gates().consume(EXPORTS).allowed()).isTrue();
        // end::member[]
    }

    @Test
    void a_busy_node_leases_a_slice() {
        // tag::lease[]
        try (LeasedQuota slice = acme.gates().lease(EXPORTS, 4)) {
            if (slice.tryConsume()) { // no I/O, no lock
                export();
            }
        } // what was not used returns
        // end::lease[]
        assertThat(acme.gates().check(EXPORTS).used()).isEqualTo(1);
    }

    private static void export() {}

    @Test
    void plans_can_be_text() {
        // tag::json[]
        PlanCatalog plans = PlanCatalog.fromJson("""
                {
                  "features": {
                    "projects": {"kind": "cap"},
                    "exports": {"kind": "quota", "every": "month"},
                    "api_access": {"kind": "flag"}
                  },
                  "plans": [
                    {"name": "free", "features": {"projects": 3, "exports": 5}},
                    {"name": "starter", "price": {"amount": "19.00", "currency": "USD"},
                     "features": {"projects": 10, "exports": {"limit": 50, "thresholds": [80, 100]}, "api_access": true}}
                  ],
                  "defaultPlan": "free"
                }
                """);
        // end::json[]
        assertThat(plans.plan("starter").orElseThrow().limit(EXPORTS))
                .contains(Limit.of(50).thresholds(80, 100));
    }

    @Test
    void a_prompt_comes_at_the_right_time() {
        // tag::prompt-policy[]
        PromptPolicy policy = PromptPolicy.standard()
                .showFrom(Severity.APPROACHING) // before anybody is blocked
                .atMost(3, Duration.ofDays(7)) // of all prompts together
                .coolDown(Duration.ofHours(24)) // of one feature
                .experiment("wording", Map.of("short", 1, "long", 1));
        // end::prompt-policy[]
        try (JdbiPlg plg = JdbiPlg.on(dataSource).plans(PLANS).prompts(policy).build()) {
            Workspace acme = plg.workspace("acme");
            Gates gates = acme.gates();
            gates.consumeOrThrow(EXPORTS, 4);
            // tag::prompt[]
            Optional<Prompt> prompt = acme.prompts().offer("ada", gates.check(EXPORTS)); // empty: not now
            prompt.ifPresent(shown -> acme.prompts().clicked(shown.id()));
            acme.entitlements().assignPlan("starter"); // the upgrade is credited to the prompt by itself

            acme.prompts()
                    .conversions(
                            Instant.now().minus(Duration.ofDays(30)),
                            Instant.now().plusSeconds(1))
                    .forEach(each -> System.out.println(each.feature() + ": " + each.upgradeRate()));
            // end::prompt[]
            assertThat(prompt).isPresent();
        }
    }
}
