package io.plg.jdbi;

import static org.assertj.core.api.Assertions.assertThat;

import io.plg.Plg;
import io.plg.PlgStores;
import io.plg.UserId;
import io.plg.WorkspaceId;
import io.plg.activation.ActivationFunnel;
import io.plg.referral.ReferralProgram;
import io.plg.testkit.ViralityContract;
import io.plg.virality.KFactor;
import io.plg.virality.ViralCounts;
import io.plg.virality.ViralityStore;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The contract, and the sums that are kept per day. */
final class PostgresViralityTest extends ViralityContract {
    private static final Duration WEEK = Duration.ofDays(7);
    private static final Instant MONDAY = Instant.parse("2026-01-05T00:00:00Z");
    private static final Instant FEBRUARY = Instant.parse("2026-02-01T00:00:00Z");
    private static final ActivationFunnel FUNNEL =
            ActivationFunnel.named("onboarding").aha("exported").build();
    private static final ViralityStore.Loop LOOP = new ViralityStore.Loop("friends", "onboarding", "exported");

    private final WorkspaceId acme = WorkspaceId.of("acme-" + UUID.randomUUID());
    private final JdbiPlg plg = JdbiPlg.on(Postgres.app())
            .funnel(FUNNEL)
            .program(ReferralProgram.named("friends").withoutRewards().build())
            .build();
    private final JdbiStores stores = new JdbiStores(new Database(Postgres.app(), HostTransactions.NONE), null);

    @Override
    protected PlgStores newStores() {
        return new JdbiStores(
                new Database(Postgres.app(), HostTransactions.NONE),
                new Database(Postgres.as("operator"), HostTransactions.NONE));
    }

    @AfterEach
    void end() {
        plg.close();
        stores.close();
    }

    @Test
    void aWriteThatForgetsItsNoteIsNotCounted() {
        activate(plg, "ada");
        assertThat(counted(plg)).isEqualTo(ViralCounts.ofMembers(0));

        stores.referrals().invited(acme, "friends", UserId.of("ada"), UUID.randomUUID(), MONDAY.plusSeconds(1));

        assertThat(counted(plg))
                .as("what shows that the sums are kept, and that comparing them with the facts finds it")
                .isEqualTo(counts(1, 0, 0))
                .isNotEqualTo(stores.virality().recomputed(acme, LOOP, MONDAY, FEBRUARY, WEEK));
        stores.virality().changed(acme, List.of(UserId.of("ada")));
        assertThat(counted(plg)).isEqualTo(counts(1, 1, 1));
    }

    @Test
    void onlyWholeDaysAreKeptAndEachWindowHasItsOwn() {
        activate(plg, "ada");
        Instant noon = MONDAY.plus(Duration.ofHours(12));
        plg.workspace(acme).virality().k(MONDAY.minusSeconds(1), noon, WEEK);
        assertThat(kept()).isZero();

        counted(plg);
        counted(plg);
        assertThat(kept()).isEqualTo(1);
        plg.workspace(acme).virality().k(MONDAY.minusSeconds(1), FEBRUARY, WEEK.plusSeconds(1));
        assertThat(kept()).isEqualTo(2);
        invite(plg, "ada");
        counted(plg);
        assertThat(kept()).as("the other one was out of date").isEqualTo(1);
        assertThat(notes()).isZero();
    }

    @ParameterizedTest
    @EnumSource(
            value = TransactionIsolationLevel.class,
            names = {"REPEATABLE_READ", "SERIALIZABLE"})
    void aTransactionThatSeesTheMomentOfItsBeginningCountsThatAndKeepsNothing(TransactionIsolationLevel level) {
        activate(plg, "ada");
        counted(plg);
        invite(plg, "ada");
        try (Handle host = Jdbi.create(Postgres.app()).open()) {
            host.begin();
            host.setTransactionIsolationLevel(level);
            assertThat(counted(plg.in(host))).isEqualTo(counts(1, 1, 1));
            invite(plg, "ada");
            assertThat(counted(plg)).isEqualTo(counts(1, 2, 1));
            assertThat(counted(plg.in(host))).isEqualTo(counts(1, 1, 1));
            host.commit();
        }
        assertThat(counted(plg)).isEqualTo(counts(1, 2, 1));
    }

    @Test
    void aTransactionThatIsReadOnlyCountsAndKeepsNothing() {
        activate(plg, "ada");
        try (Handle host = Jdbi.create(Postgres.app()).open()) {
            host.begin();
            host.execute("set transaction read only");
            assertThat(counted(plg.in(host))).isEqualTo(ViralCounts.ofMembers(0));
            host.commit();
        }
        assertThat(kept()).isZero();
    }

    @Test
    void whoCountsInALongTransactionMakesNobodyWait() {
        activate(plg, "ada");
        try (Handle host = Jdbi.create(Postgres.app()).open()) {
            host.begin();
            host.execute("set local lock_timeout = 1");
            invite(plg.in(host), "ada");
            assertThat(counted(plg.in(host))).isEqualTo(counts(1, 1, 1));
            try (Handle other = Jdbi.create(Postgres.app()).open()) {
                other.begin();
                other.execute("set local lock_timeout = 1");
                activate(plg.in(other), "ben");
                assertThat(counted(plg.in(other))).isEqualTo(ViralCounts.ofMembers(0, 0));
                other.commit();
            }
            assertThat(counted(plg.in(host))).isEqualTo(counts(2, 1, 1));
            host.commit();
        }
        assertThat(counted(plg)).isEqualTo(counts(2, 1, 1));
    }

    @Test
    void whatWasKeptByAnOpenTransactionForgetsAMemberWhoIsErasedMeanwhile() throws Exception {
        activate(plg, "ada-" + acme);
        activate(plg, "ben");
        Thread erasing;
        try (Handle host = Jdbi.create(Postgres.app()).open()) {
            host.begin();
            assertThat(counted(plg.in(host))).isEqualTo(ViralCounts.ofMembers(0, 0));
            erasing = new Thread(() -> plg.users().erase("ada-" + acme));
            erasing.start();
            erasing.join(300); // it waits for us
            host.commit();
        }
        erasing.join();

        assertThat(counted(plg)).isEqualTo(ViralCounts.ofMembers(0));
    }

    @Test
    void aCallLeavesTheHostsBindingAsItWas() {
        try (Handle host = Jdbi.create(Postgres.app()).open()) {
            host.begin();
            host.execute("select set_config('plg.workspace_id', 'globex', true)");
            activate(plg.in(host), "ada");
            invite(plg.in(host), "ada");
            counted(plg.in(host));
            plg.in(host).workspace(acme).virality().kOfGraph();
            plg.in(host).workspace(acme).virality().cycleTime(MONDAY, FEBRUARY);
            assertThat(host.createQuery("select current_setting('plg.workspace_id')")
                            .mapTo(String.class)
                            .one())
                    .isEqualTo("globex");
            host.rollback();
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"Pacific/Auckland", "America/New_York", "UTC"})
    void daysAreThoseOfUtcWhateverTheTimeZoneOfTheSession(String zone) {
        // The clocks of New York went forward in the night to 8 March 2026, those of Auckland back in the night to 5
        // April.
        Instant from = Instant.parse("2026-03-07T00:00:00Z");
        for (int day = 0; day < 31; day++) {
            Instant at = from.plus(Duration.ofDays(day));
            plg.workspace(acme)
                    .activation(FUNNEL)
                    .complete(FUNNEL.aha().by("early " + day).at(at));
            plg.workspace(acme)
                    .activation(FUNNEL)
                    .complete(FUNNEL.aha()
                            .by("late " + day)
                            .at(at.plus(Duration.ofDays(1)).minusNanos(1_000)));
        }
        try (Handle host = Jdbi.create(Postgres.app()).open()) {
            host.begin();
            host.execute("set local time zone '" + zone + "'");
            for (int day = 0; day < 31; day++) {
                Instant at = from.plus(Duration.ofDays(day));
                assertThat(plg.in(host)
                                .workspace(acme)
                                .virality()
                                .k(at, at.plus(Duration.ofDays(1)), WEEK)
                                .map(KFactor::n))
                        .contains(2L);
                assertThat(plg.in(host)
                                .workspace(acme)
                                .virality()
                                .k(
                                        at.plusSeconds(1),
                                        at.plus(Duration.ofDays(2)).plusSeconds(1),
                                        WEEK)
                                .map(KFactor::n))
                        .contains(day == 30 ? 1L : day == 29 ? 3L : 4L);
            }
            host.commit();
        }
        assertThat(kept()).isEqualTo(31);
    }

    @Test
    @Timeout(value = 15, unit = TimeUnit.SECONDS)
    void tablesThatWereJustFilledAreCountedByTheirIndexes() {
        Postgres.execute(
                Postgres.superuser(),
                "insert into plg_directory.workspace (workspace_id) values ('" + acme.value() + "')",
                "insert into plg.activation_step select '" + acme.value()
                        + "', 'onboarding', 'u' || u, 'exported', timestamptz '2026-01-05 00:00Z' + u * interval '9 minutes', '{}', now()"
                        + " from generate_series(1, 4000) u",
                "insert into plg.referral_invitation select '" + acme.value()
                        + "', 'friends', 'u' || u, gen_random_uuid(), timestamptz '2026-01-05 01:00Z' + u * interval '9 minutes'"
                        + " from generate_series(1, 4000) u");

        assertThat(counted(plg)).isEqualTo(counts(4000, 4000, 4000));
    }

    private ViralCounts counted(Plg by) {
        return by.workspace(acme)
                .virality()
                .k(MONDAY, FEBRUARY, WEEK)
                .orElseThrow()
                .counts();
    }

    private void activate(Plg by, String user) {
        by.workspace(acme).activation(FUNNEL).complete(FUNNEL.aha().by(user).at(MONDAY));
    }

    private void invite(Plg by, String user) {
        by.workspace(acme).referrals().recordInvitation(UserId.of(user), UUID.randomUUID(), MONDAY.plusSeconds(1));
    }

    private static ViralCounts counts(long members, long invitations, long senders) {
        return new ViralCounts(members, OptionalLong.of(invitations), OptionalLong.of(senders), 0, 0);
    }

    private long kept() {
        return rows("select count(*) from plg.virality_day where workspace_id = :workspace");
    }

    private long notes() {
        return rows("select count(*) from plg.virality_change where workspace_id = :workspace");
    }

    private long rows(String query) {
        return Jdbi.create(Postgres.superuser())
                .withHandle(handle -> handle.createQuery(query)
                        .bind("workspace", acme.value())
                        .mapTo(Long.class)
                        .one());
    }
}
