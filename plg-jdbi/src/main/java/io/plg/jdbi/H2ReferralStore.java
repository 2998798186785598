package io.plg.jdbi;

import io.plg.UserErased;
import io.plg.UserId;
import io.plg.WorkspaceDeleted;
import io.plg.WorkspaceId;
import io.plg.event.GrowthEvent;
import io.plg.fraud.FraudHistory;
import io.plg.internal.Json;
import io.plg.referral.ReferralStore;
import io.plg.reward.Stage;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.statement.SqlStatement;
import org.jspecify.annotations.Nullable;

/** Codes and referrals on H2: the same steps as the functions on PostgreSQL, as statements in one transaction. */
final class H2ReferralStore implements ReferralStore {
    private static final int MOST_ANCESTORS = 16;

    private static final String SECRET = "select secret from plg.referral_secret where workspace_id = :workspace";
    private static final String NEW_SECRET =
            "insert into plg.referral_secret (workspace_id, secret) values (:workspace, :secret)";
    private static final String CODE = """
            select code, active, created_at from plg.referral_code
            where workspace_id = :workspace and program = :program and user_id = :user and artefact = :artefact
            """;
    private static final String NEW_CODE = """
            insert into plg.referral_code (workspace_id, program, user_id, artefact, code, active, created_at)
            values (:workspace, :program, :user, :artefact, :code, true, :at)
            """;
    private static final String FIND = """
            select workspace_id, program, user_id, artefact, active, created_at from plg.referral_code where code = :code
            """;
    private static final String VIEW = """
            update plg.share_view set views = views + 1 where workspace_id = :workspace and code = :code and slot = :slot
            """;
    private static final String NEW_VIEW = """
            insert into plg.share_view (workspace_id, user_id, code, slot, views) values (:workspace, :user, :code, :slot, 1)
            """;
    private static final String TRACES = """
            select email_hash, domain_hash, device_hash, ip_hash from plg.referral_trace where workspace_id = :workspace and user_id = :user
            """;
    private static final String NEW_TRACES = """
            insert into plg.referral_trace (workspace_id, user_id, email_hash, domain_hash, device_hash, ip_hash, bound_at)
            values (:workspace, :user, :email, :domain, :device, :ip, :boundAt)
            """;
    private static final String CHANGE_TRACES = """
            update plg.referral_trace
            set email_hash = coalesce(:email, email_hash), domain_hash = coalesce(:domain, domain_hash), device_hash = coalesce(:device, device_hash),
                ip_hash = coalesce(:ip, ip_hash), bound_at = coalesce(bound_at, :boundAt)
            where workspace_id = :workspace and user_id = :user
            """;
    private static final String ON_DEVICE = """
            select t.bound_at, r.id, r.parent_id from plg.referral_trace t
            left join plg.referral r on r.workspace_id = :workspace and r.program = :program and r.actor_id = t.user_id
            where t.workspace_id = :workspace and t.device_hash = :trace and t.bound_at is not null and t.user_id <> :user
            order by t.bound_at desc fetch first :most rows only
            """;
    private static final String ON_IP = """
            select t.bound_at, r.id, r.parent_id from plg.referral_trace t
            left join plg.referral r on r.workspace_id = :workspace and r.program = :program and r.actor_id = t.user_id
            where t.workspace_id = :workspace and t.ip_hash = :trace and t.bound_at is not null and t.user_id <> :user
            order by t.bound_at desc fetch first :most rows only
            """;
    private static final String INVITEES_ON_DEVICE = """
            select t.bound_at, r.id, r.parent_id from plg.referral r
            join plg.referral_trace t on t.workspace_id = :workspace and t.user_id = r.actor_id
            where r.workspace_id = :workspace and r.program = :program and r.parent_id = :id
              and t.device_hash = :trace and t.bound_at is not null and t.user_id <> :user
            fetch first :most rows only
            """;
    private static final String INVITEES_ON_IP = """
            select t.bound_at, r.id, r.parent_id from plg.referral r
            join plg.referral_trace t on t.workspace_id = :workspace and t.user_id = r.actor_id
            where r.workspace_id = :workspace and r.program = :program and r.parent_id = :id
              and t.ip_hash = :trace and t.bound_at is not null and t.user_id <> :user
            fetch first :most rows only
            """;
    private static final String BY_REFERRER = """
            select count(*) from (
                select 1 from plg.referral
                where workspace_id = :workspace and program = :program and parent_id = :id and bound_at > :since fetch first :most rows only) x
            """;
    private static final String PLACE = """
            select id, parent_id, actor_id from plg.referral where workspace_id = :workspace and program = :program and actor_id = :user
            """;
    private static final String PLACE_AT = """
            select id, parent_id, actor_id from plg.referral where workspace_id = :workspace and program = :program and id = :id
            """;
    private static final String ROOT = """
            insert into plg.referral (workspace_id, program, id, actor_id, stages, standing) values (:workspace, :program, :id, :user, '{}', 0)
            """;
    private static final String NEW_PLACE = """
            insert into plg.referral
                (workspace_id, program, id, actor_id, parent_id, version, code, artefact, signed_up_at, bound_at, stages, standing, verdict)
            values (:workspace, :program, :id, :user, :parent, :version, :code, :artefact, :signedUpAt, :at, '{}', :standing, :verdict)
            """;
    private static final String LATE_PLACE = """
            update plg.referral
            set parent_id = :parent, version = :version, code = :code, artefact = :artefact, signed_up_at = :signedUpAt, bound_at = :at,
                referral_id = :id, standing = :standing, verdict = :verdict
            where workspace_id = :workspace and program = :program and actor_id = :user and parent_id is null
            """;
    private static final String DIRECTORY = """
            select referrer_hash, workspace_id, referred_workspace_id from plg_directory.referral where program = :program and user_hash = :hash
            """;
    private static final String NEW_IN_DIRECTORY = """
            insert into plg_directory.referral (program, user_hash, referrer_hash, workspace_id) values (:program, :hash, :referrer, :workspace)
            """;
    private static final String BIND_IN_DIRECTORY = """
            update plg_directory.referral set referrer_hash = :referrer, workspace_id = :workspace
            where program = :program and user_hash = :hash and referrer_hash is null
            """;
    private static final String REFERRED_IN = """
            update plg_directory.referral set referred_workspace_id = :workspace
            where program = :program and user_hash = :hash and referred_workspace_id is null
            """;
    private static final String JOIN =
            "update plg_directory.referral_joins set joins = joins + 1 where program = :program";
    private static final String NEW_JOIN =
            "insert into plg_directory.referral_joins (program, joins) values (:program, 0)";
    private static final String OF_USER = """
            select coalesce(r.referral_id, r.id) as id, r.version,
                   case when not exists (select 1 from plg_directory.erased_user e where e.user_hash = hash('SHA-256', p.actor_id)) then p.actor_id end as referrer,
                   r.actor_id as referred, r.code, r.artefact,
                   cast(extract(epoch from r.signed_up_at) * 1000000 as bigint) as signed_up_at,
                   cast(extract(epoch from r.bound_at) * 1000000 as bigint) as bound_at,
                   r.stages, r.standing, r.verdict
            from plg.referral r
            left join plg.referral p on p.workspace_id = :workspace and p.program = :program and p.id = r.parent_id
            where r.workspace_id = :workspace and r.program = :program and r.actor_id = :user and r.parent_id is not null
            """;
    private static final String LOCK_OF_USER = """
            select stages from plg.referral
            where workspace_id = :workspace and program = :program and actor_id = :user and parent_id is not null for update
            """;
    private static final String STAGES = """
            update plg.referral set stages = :stages where workspace_id = :workspace and program = :program and actor_id = :user
            """;
    private static final String BY_ID = """
            select coalesce(r.referral_id, r.id) as id, r.version,
                   case when not exists (select 1 from plg_directory.erased_user e where e.user_hash = hash('SHA-256', p.actor_id)) then p.actor_id end as referrer,
                   case when not exists (select 1 from plg_directory.erased_user e where e.user_hash = hash('SHA-256', r.actor_id)) then r.actor_id end as referred,
                   r.code, r.artefact,
                   cast(extract(epoch from r.signed_up_at) * 1000000 as bigint) as signed_up_at,
                   cast(extract(epoch from r.bound_at) * 1000000 as bigint) as bound_at,
                   r.stages, r.standing, r.verdict,
                   (select d.referred_workspace_id from plg_directory.referral d
                    where d.program = :program and d.user_hash = hash('SHA-256', r.actor_id) and d.workspace_id = :workspace
                      and not exists (select 1 from plg_directory.deleted_workspace w where w.workspace_id = d.referred_workspace_id)) as referred_in
            from plg.referral r
            left join plg.referral p on p.workspace_id = :workspace and p.program = :program and p.id = r.parent_id
            where r.workspace_id = :workspace and r.program = :program and r.parent_id is not null
              and (r.id = :id and r.referral_id is null or r.referral_id = :id)
            """;

    /** Names in JSON have their quotes escaped, so that what looks like one is one. */
    private static final String SHARES = """
            select c.user_id, c.artefact, c.code,
                   (select coalesce(sum(v.views), 0) from plg.share_view v where v.workspace_id = :workspace and v.code = c.code) as views,
                   (select count(*) from plg.referral r
                    where r.workspace_id = :workspace and r.program = :program and r.code = c.code and r.artefact <> '') as sign_ups,
                   (select count(*) from plg.referral r
                    where r.workspace_id = :workspace and r.program = :program and r.code = c.code and r.artefact <> ''
                      and (r.stages like '{"activation":%' or r.stages like '%,"activation":%')) as activated,
                   (select count(*) from plg.referral r
                    where r.workspace_id = :workspace and r.program = :program and r.code = c.code and r.artefact <> ''
                      and (r.stages like '{"first_payment":%' or r.stages like '%,"first_payment":%')) as paid
            from plg.referral_code c
            where c.workspace_id = :workspace and c.program = :program and c.artefact <> ''
            order by c.user_id, c.artefact
            """;

    private static final String INVITED = """
            insert into plg.referral_invitation (workspace_id, program, user_id, id, sent_at) values (:workspace, :program, :user, :id, :at)
            """;
    private static final String MEMBERS =
            "select id, parent_id, actor_id from plg.referral where workspace_id = :workspace and program = :program";

    private final Session session;

    H2ReferralStore(Session session) {
        this.session = session;
    }

    @Override
    public byte[] secret(WorkspaceId workspace, byte[] candidate) {
        return session.atomically("read the secret of a workspace", handle -> {
            H2TenancyStore.check(handle, workspace, List.of());
            Optional<byte[]> known = secret(handle, workspace);
            if (known.isEmpty()) {
                H2TenancyStore.admit(handle, workspace, List.of());
                H2UsageStore.inserted(handle.createUpdate(NEW_SECRET)
                        .bind("workspace", workspace.value())
                        .bind("secret", candidate));
                known = secret(handle, workspace);
            }
            H2UsageStore.seen(known.isPresent() ? 1 : 0, "the secret of the workspace");
            return known.orElseThrow();
        });
    }

    private static Optional<byte[]> secret(Handle handle, WorkspaceId workspace) {
        return handle.createQuery(SECRET)
                .bind("workspace", workspace.value())
                .mapTo(byte[].class)
                .findOne();
    }

    @Override
    public Optional<Code> code(WorkspaceId workspace, Wish wish) {
        return session.atomically("give a user a code", handle -> {
            H2TenancyStore.check(handle, workspace, List.of(wish.user()));
            Optional<Code> code = stored(handle, workspace, wish);
            if (code.isEmpty()) {
                H2TenancyStore.admit(handle, workspace, List.of(wish.user()));
                H2UsageStore.inserted(of(handle.createUpdate(NEW_CODE), workspace, wish.program())
                        .bind("user", wish.user().value())
                        .bind("artefact", wish.artefact())
                        .bind("code", wish.code())
                        .bind("at", time(wish.at())));
                code = stored(handle, workspace, wish);
            }
            if (code.isPresent() && !wish.traces().isEmpty()) {
                traces(handle, workspace, wish.user(), wish.traces(), null);
            }
            return code;
        });
    }

    private static Optional<Code> stored(Handle handle, WorkspaceId workspace, Wish wish) {
        return of(handle.createQuery(CODE), workspace, wish.program())
                .bind("user", wish.user().value())
                .bind("artefact", wish.artefact())
                .map((rs, ctx) -> new Code(
                        rs.getString("code"),
                        rs.getBoolean("active"),
                        rs.getObject("created_at", OffsetDateTime.class).toInstant()))
                .findOne();
    }

    private static void traces(
            Handle handle, WorkspaceId workspace, UserId user, Traces traces, @Nullable Instant boundAt)
            throws SQLException {
        if (changed(handle, workspace, user, traces, boundAt) == 0
                && !H2UsageStore.inserted(
                        described(handle.createUpdate(NEW_TRACES), workspace, user, traces, boundAt))) {
            H2UsageStore.seen(changed(handle, workspace, user, traces, boundAt), "what a user may be recognised by");
        }
    }

    private static int changed(
            Handle handle, WorkspaceId workspace, UserId user, Traces traces, @Nullable Instant boundAt) {
        return described(handle.createUpdate(CHANGE_TRACES), workspace, user, traces, boundAt)
                .execute();
    }

    private static <S extends SqlStatement<S>> S described(
            S statement, WorkspaceId workspace, UserId user, Traces traces, @Nullable Instant boundAt) {
        return statement
                .bind("workspace", workspace.value())
                .bind("user", user.value())
                .bindByType("email", traces.email(), String.class)
                .bindByType("domain", traces.domain(), String.class)
                .bindByType("device", traces.device(), String.class)
                .bindByType("ip", traces.ip(), String.class)
                .bindByType("boundAt", boundAt == null ? null : time(boundAt), OffsetDateTime.class);
    }

    @Override
    public Optional<Found> find(String code, boolean viewed) {
        return session.atomically("find a code", handle -> {
            Optional<Found> found = handle.createQuery(FIND)
                    .bind("code", code)
                    .map((rs, ctx) -> new Found(
                            WorkspaceId.of(rs.getString("workspace_id")),
                            rs.getString("program"),
                            UserId.of(rs.getString("user_id")),
                            rs.getString("artefact"),
                            new Code(
                                    code,
                                    rs.getBoolean("active"),
                                    rs.getObject("created_at", OffsetDateTime.class)
                                            .toInstant())))
                    .findOne()
                    .filter(each -> isThere(handle, each.workspace(), each.user()));
            if (viewed && found.isPresent()) {
                view(handle, found.get());
            }
            return found;
        });
    }

    private static boolean isThere(Handle handle, WorkspaceId workspace, @Nullable UserId user) {
        try {
            H2TenancyStore.check(handle, workspace, user == null ? List.of() : List.of(user));
            return true;
        } catch (WorkspaceDeleted | UserErased e) {
            return false;
        }
    }

    private static void view(Handle handle, Found found) throws SQLException {
        if (found.artefact().isEmpty() || !found.code().active()) {
            return;
        }
        int slot = StoredReferrals.slot();
        if (viewed(handle, found, slot) == 0
                && !H2UsageStore.inserted(handle.createUpdate(NEW_VIEW)
                        .bind("workspace", found.workspace().value())
                        .bind("user", found.user().value())
                        .bind("code", found.code().code())
                        .bind("slot", slot))) {
            H2UsageStore.seen(viewed(handle, found, slot), "a view");
        }
    }

    private static int viewed(Handle handle, Found found, int slot) {
        return handle.createUpdate(VIEW)
                .bind("workspace", found.workspace().value())
                .bind("code", found.code().code())
                .bind("slot", slot)
                .execute();
    }

    @Override
    public boolean deactivate(WorkspaceId workspace, String code) {
        return StoredReferrals.deactivate(Dialect.H2, session, workspace, code);
    }

    @Override
    public FraudHistory history(WorkspaceId workspace, Question question) {
        return session.atomically("read what is known about a user", handle -> {
            H2TenancyStore.check(handle, workspace, List.of(question.user(), question.referrer()));
            Traces asked = question.traces();
            Traces own = known(handle, workspace, question.referrer());
            Optional<Place> place = place(handle, workspace, question.program(), question.referrer());
            List<Place> chain = chain(handle, workspace, question.program(), place);
            var history = FraudHistory.builder()
                    .sameUser(question.referrer().equals(question.user()))
                    .sameEmail(same(asked.email(), own.email()))
                    .sameDevice(same(asked.device(), own.device()))
                    .sameIp(same(asked.ip(), own.ip()))
                    .sameDomain(same(asked.domain(), own.domain()));
            if (place.isPresent()) {
                history.byReferrerLastHour(byReferrer(handle, workspace, question, place.get(), Duration.ofHours(1)))
                        .byReferrerLastDay(byReferrer(handle, workspace, question, place.get(), Duration.ofHours(24)));
            }
            if (asked.device() != null) {
                List<Bond> bonds = bonds(handle, ON_DEVICE, workspace, question, asked.device(), null);
                Instant dayAgo = question.at().minus(Duration.ofHours(24));
                history.accountsOnDevice(bonds.size())
                        .byDeviceLastDay(bonds.stream()
                                .filter(bond -> bond.at().isAfter(dayAgo))
                                .count())
                        .chainOnDevice(invitees(
                                        bonds.size() < MOST_COUNTED || place.isEmpty()
                                                ? bonds
                                                : bonds(
                                                        handle,
                                                        INVITEES_ON_DEVICE,
                                                        workspace,
                                                        question,
                                                        asked.device(),
                                                        place.get()),
                                        place,
                                        chain)
                                + chain.stream()
                                        .filter(each -> isOther(each, question)
                                                && same(
                                                        asked.device(),
                                                        known(handle, workspace, each)
                                                                .device()))
                                        .count()
                                + (place.isEmpty() && same(asked.device(), own.device()) ? 1 : 0));
            }
            if (asked.ip() != null) {
                List<Bond> bonds = bonds(handle, ON_IP, workspace, question, asked.ip(), null);
                history.accountsOnIp(bonds.size())
                        .chainOnIp(invitees(
                                        bonds.size() < MOST_COUNTED || place.isEmpty()
                                                ? bonds
                                                : bonds(
                                                        handle,
                                                        INVITEES_ON_IP,
                                                        workspace,
                                                        question,
                                                        asked.ip(),
                                                        place.get()),
                                        place,
                                        chain)
                                + chain.stream()
                                        .filter(each -> isOther(each, question)
                                                && same(
                                                        asked.ip(),
                                                        known(handle, workspace, each)
                                                                .ip()))
                                        .count()
                                + (place.isEmpty() && same(asked.ip(), own.ip()) ? 1 : 0));
            }
            return history.build();
        });
    }

    private static boolean same(@Nullable String one, @Nullable String other) {
        return one != null && one.equals(other);
    }

    private static boolean isOther(Place place, Question question) {
        return !question.user().equals(place.user());
    }

    /** Of those who are bound, whom the referrer has referred, without the referrer and those above. */
    private static long invitees(List<Bond> bonds, Optional<Place> place, List<Place> chain) {
        Set<UUID> above = new HashSet<>();
        chain.forEach(each -> above.add(each.id()));
        return bonds.stream()
                .filter(bond ->
                        place.isPresent() && place.get().id().equals(bond.parent()) && !above.contains(bond.place()))
                .count();
    }

    private static List<Bond> bonds(
            Handle handle,
            String statement,
            WorkspaceId workspace,
            Question question,
            String trace,
            @Nullable Place of) {
        var query = of(handle.createQuery(statement), workspace, question.program());
        return (of == null ? query : query.bind("id", of.id()))
                .bind("trace", trace)
                .bind("user", question.user().value())
                .bind("most", MOST_COUNTED)
                .map((rs, ctx) -> new Bond(
                        rs.getObject("bound_at", OffsetDateTime.class).toInstant(),
                        rs.getObject("id", UUID.class),
                        rs.getObject("parent_id", UUID.class)))
                .list();
    }

    private static long byReferrer(
            Handle handle, WorkspaceId workspace, Question question, Place place, Duration window) {
        return of(handle.createQuery(BY_REFERRER), workspace, question.program())
                .bind("id", place.id())
                .bind("since", time(question.at().minus(window)))
                .bind("most", MOST_COUNTED)
                .mapTo(Long.class)
                .one();
    }

    private static Traces known(Handle handle, WorkspaceId workspace, Place place) {
        return place.user() == null ? Traces.NONE : known(handle, workspace, place.user());
    }

    private static Traces known(Handle handle, WorkspaceId workspace, UserId user) {
        return handle.createQuery(TRACES)
                .bind("workspace", workspace.value())
                .bind("user", user.value())
                .map((rs, ctx) -> new Traces(
                        rs.getString("email_hash"),
                        rs.getString("domain_hash"),
                        rs.getString("device_hash"),
                        rs.getString("ip_hash")))
                .findOne()
                .orElse(Traces.NONE);
    }

    private static List<Place> chain(Handle handle, WorkspaceId workspace, String program, Optional<Place> from) {
        var chain = new ArrayList<Place>();
        Optional<Place> at = from;
        while (at.isPresent() && chain.size() <= MOST_ANCESTORS) {
            chain.add(at.get());
            at = above(handle, workspace, program, at.get());
        }
        return chain;
    }

    private static Optional<Place> above(Handle handle, WorkspaceId workspace, String program, Place place) {
        UUID parent = place.parent();
        return parent == null
                ? Optional.empty()
                : of(handle.createQuery(PLACE_AT), workspace, program)
                        .bind("id", parent)
                        .map((rs, ctx) -> Place.of(
                                rs.getObject("id", UUID.class),
                                rs.getObject("parent_id", UUID.class),
                                rs.getString("actor_id")))
                        .findOne();
    }

    private static Optional<Place> place(Handle handle, WorkspaceId workspace, String program, UserId user) {
        return of(handle.createQuery(PLACE), workspace, program)
                .bind("user", user.value())
                .map((rs, ctx) -> Place.of(
                        rs.getObject("id", UUID.class),
                        rs.getObject("parent_id", UUID.class),
                        rs.getString("actor_id")))
                .findOne();
    }

    @Override
    public Bound bind(WorkspaceId workspace, NewReferral referral, List<GrowthEvent> events) {
        Bound outcome = session.atomically("bind a user to a referrer", handle -> {
            H2TenancyStore.admit(handle, workspace, List.of(referral.referrer(), referral.user()));
            Bound bound = bindOverall(handle, workspace, referral);
            if (bound == Bound.BOUND) {
                join(handle, workspace, referral, root(handle, workspace, referral));
                traces(handle, workspace, referral.user(), referral.traces(), referral.at());
                events.forEach(event -> H2UsageStore.store(handle, workspace, event));
            }
            return bound;
        });
        if (outcome == Bound.BOUND) {
            StoredUsage.told(workspace, events).ifPresent(session::stored);
        }
        return outcome;
    }

    /** Over all workspaces. See the function of the same purpose on PostgreSQL for why no loop can be closed. */
    private static Bound bindOverall(Handle handle, WorkspaceId workspace, NewReferral referral) throws SQLException {
        String program = referral.program();
        byte[] user = H2TenancyStore.hash(referral.user());
        byte[] referrer = H2TenancyStore.hash(referral.referrer());
        if (Arrays.equals(user, referrer)) {
            return Bound.LOOP;
        }
        boolean fresh = false;
        if (known(handle, program, referrer).isEmpty()) {
            if (Arrays.compareUnsigned(user, referrer) < 0) {
                fresh = placed(handle, program, user, null, null);
            }
            placed(handle, program, referrer, null, null);
            H2UsageStore.seen(known(handle, program, referrer).isPresent() ? 1 : 0, "the referrer's place");
        }
        if (!fresh) {
            if (placed(handle, program, user, referrer, workspace)) {
                return Bound.BOUND;
            }
            Optional<Known> place = known(handle, program, user);
            H2UsageStore.seen(place.isPresent() ? 1 : 0, "the user's place");
            if (place.get().referrer() != null) {
                return Bound.ALREADY;
            }
            // A loop that is there already needs nobody to wait.
            if (Arrays.equals(rootOf(handle, program, referrer), user)) {
                return Bound.LOOP;
            }
            if (joins(handle, program) == 0) {
                H2UsageStore.inserted(handle.createUpdate(NEW_JOIN).bind("program", program));
                H2UsageStore.seen(joins(handle, program), "who has a place");
            }
            if (Arrays.equals(rootOf(handle, program, referrer), user)) {
                return Bound.LOOP;
            }
        }
        return handle.createUpdate(BIND_IN_DIRECTORY)
                                .bind("program", program)
                                .bind("hash", user)
                                .bind("referrer", referrer)
                                .bind("workspace", workspace.value())
                                .execute()
                        > 0
                ? Bound.BOUND
                : Bound.ALREADY;
    }

    private static int joins(Handle handle, String program) {
        return handle.createUpdate(JOIN).bind("program", program).execute();
    }

    private static byte[] rootOf(Handle handle, String program, byte[] from) {
        byte[] at = from;
        while (true) {
            byte[] above = known(handle, program, at).map(Known::referrer).orElse(null);
            if (above == null) {
                return at;
            }
            at = above;
        }
    }

    private static boolean placed(
            Handle handle, String program, byte[] user, byte @Nullable [] referrer, @Nullable WorkspaceId workspace) {
        return H2UsageStore.inserted(handle.createUpdate(NEW_IN_DIRECTORY)
                .bind("program", program)
                .bind("hash", user)
                .bindByType("referrer", referrer, byte[].class)
                .bindByType("workspace", workspace == null ? null : workspace.value(), String.class));
    }

    private static Optional<Known> known(Handle handle, String program, byte[] user) {
        return handle.createQuery(DIRECTORY)
                .bind("program", program)
                .bind("hash", user)
                .map((rs, ctx) -> new Known(
                        rs.getBytes("referrer_hash"),
                        StoredReferrals.workspace(rs.getString("workspace_id")),
                        StoredReferrals.workspace(rs.getString("referred_workspace_id"))))
                .findOne();
    }

    private static UUID root(Handle handle, WorkspaceId workspace, NewReferral referral) throws SQLException {
        Optional<Place> place = place(handle, workspace, referral.program(), referral.referrer());
        if (place.isEmpty()) {
            H2UsageStore.inserted(of(handle.createUpdate(ROOT), workspace, referral.program())
                    .bind("id", referral.rootId())
                    .bind("user", referral.referrer().value()));
            place = place(handle, workspace, referral.program(), referral.referrer());
            H2UsageStore.seen(place.isPresent() ? 1 : 0, "the referrer's place");
        }
        return place.orElseThrow().id();
    }

    private static void join(Handle handle, WorkspaceId workspace, NewReferral referral, UUID parent)
            throws SQLException {
        if (described(handle.createUpdate(LATE_PLACE), workspace, referral, parent)
                                .execute()
                        == 0
                && !H2UsageStore.inserted(described(handle.createUpdate(NEW_PLACE), workspace, referral, parent))) {
            H2UsageStore.seen(
                    described(handle.createUpdate(LATE_PLACE), workspace, referral, parent)
                            .execute(),
                    "the user's place");
        }
    }

    private static <S extends SqlStatement<S>> S described(
            S statement, WorkspaceId workspace, NewReferral referral, UUID parent) {
        return of(statement, workspace, referral.program())
                .bind("id", referral.id())
                .bind("user", referral.user().value())
                .bind("parent", parent)
                .bind("version", referral.version())
                .bind("code", referral.code())
                .bind("artefact", referral.artefact())
                .bind("signedUpAt", time(referral.signedUpAt()))
                .bind("at", time(referral.at()))
                .bind("standing", StoredReferrals.code(referral.standing()))
                .bind("verdict", referral.verdict());
    }

    @Override
    public List<Reached> reach(List<String> programs, UserId user, @Nullable WorkspaceId in, Stage stage, Instant at) {
        return session.atomically("note what a user has reached", handle -> {
            H2TenancyStore.check(handle, user);
            var reached = new ArrayList<Reached>();
            byte[] hash = H2TenancyStore.hash(user);
            for (String program : programs) {
                WorkspaceId workspace = referrerWorkspace(handle, program, hash);
                if (workspace == null) {
                    continue;
                }
                if (in != null && isThere(handle, in, null)) {
                    handle.createUpdate(REFERRED_IN)
                            .bind("program", program)
                            .bind("hash", hash)
                            .bind("workspace", in.value())
                            .execute();
                }
                if (news(handle, workspace, program, user, stage, at)) {
                    ofUser(handle, workspace, program, user, hash).ifPresent(reached::add);
                }
            }
            return reached;
        });
    }

    private static boolean news(
            Handle handle, WorkspaceId workspace, String program, UserId user, Stage stage, Instant at) {
        Optional<String> stored = of(handle.createQuery(LOCK_OF_USER), workspace, program)
                .bind("user", user.value())
                .mapTo(String.class)
                .findOne();
        if (stored.isEmpty()) {
            return false;
        }
        Map<String, Instant> stages = StoredReferrals.stages(stored.get());
        if (stages.putIfAbsent(stage.name(), at) != null) {
            return false;
        }
        var micros = new LinkedHashMap<String, Long>();
        stages.forEach((name, time) -> micros.put(name, StoredUsage.micros(time)));
        of(handle.createUpdate(STAGES), workspace, program)
                .bind("user", user.value())
                .bind("stages", Json.write(micros))
                .execute();
        return true;
    }

    private static @Nullable WorkspaceId referrerWorkspace(Handle handle, String program, byte[] hash) {
        WorkspaceId workspace =
                known(handle, program, hash).map(Known::workspace).orElse(null);
        return workspace != null && isThere(handle, workspace, null) ? workspace : null;
    }

    private static Optional<Reached> ofUser(
            Handle handle, WorkspaceId workspace, String program, UserId user, byte[] hash) {
        WorkspaceId in = known(handle, program, hash).map(Known::referredIn).orElse(null);
        return of(handle.createQuery(OF_USER), workspace, program)
                .bind("user", user.value())
                .map((rs, ctx) -> new Reached(
                        workspace,
                        StoredReferrals.edge(rs, program, user),
                        in != null && isThere(handle, in, null) ? in : null))
                .findOne();
    }

    @Override
    public Optional<Reached> referralOf(String program, UserId user) {
        return session.atomically("find the referral of a user", handle -> {
            H2TenancyStore.check(handle, user);
            byte[] hash = H2TenancyStore.hash(user);
            WorkspaceId workspace = referrerWorkspace(handle, program, hash);
            return workspace == null ? Optional.empty() : ofUser(handle, workspace, program, user, hash);
        });
    }

    @Override
    public Optional<Reached> find(WorkspaceId workspace, String program, UUID referral) {
        return StoredReferrals.find(Dialect.H2, session, BY_ID, workspace, program, referral);
    }

    @Override
    public boolean judge(WorkspaceId workspace, String program, UUID referral, Standing standing, String verdict) {
        return StoredReferrals.judge(Dialect.H2, session, workspace, program, referral, standing, verdict);
    }

    @Override
    public List<Edge> held(WorkspaceId workspace, String program, int most) {
        return StoredReferrals.held(Dialect.H2, session, workspace, program, most);
    }

    @Override
    public List<Edge> referrals(WorkspaceId workspace, String program, UserId referrer, int most) {
        return StoredReferrals.referredBy(Dialect.H2, session, workspace, program, referrer, most);
    }

    @Override
    public List<ShareCounts> shares(WorkspaceId workspace, String program) {
        return StoredReferrals.shares(Dialect.H2, session, SHARES, workspace, program);
    }

    @Override
    public boolean invited(WorkspaceId workspace, String program, UserId sender, UUID id, Instant at) {
        return session.atomically("store an invitation", handle -> {
            H2TenancyStore.admit(handle, workspace, List.of(sender));
            return H2UsageStore.inserted(of(handle.createUpdate(INVITED), workspace, program)
                    .bind("user", sender.value())
                    .bind("id", id)
                    .bind("at", time(at)));
        });
    }

    @Override
    public Optional<Position> position(WorkspaceId workspace, String program, UserId user) {
        return Dialect.H2.inWorkspace(session, "find where a user stands", workspace, user, handle -> {
            Optional<Place> place = place(handle, workspace, program, user);
            if (place.isEmpty()) {
                return Optional.empty();
            }
            int depth = 0;
            for (Optional<Place> at = above(handle, workspace, program, place.get());
                    at.isPresent();
                    at = above(handle, workspace, program, at.get())) {
                depth++;
            }
            long size = sizes(members(handle, workspace, program))
                    .getOrDefault(place.get().id(), 1L);
            return Optional.of(new Position(depth, size));
        });
    }

    private static List<Place> members(Handle handle, WorkspaceId workspace, String program) {
        return of(handle.createQuery(MEMBERS), workspace, program)
                .map((rs, ctx) -> Place.of(
                        rs.getObject("id", UUID.class),
                        rs.getObject("parent_id", UUID.class),
                        rs.getString("actor_id")))
                .list();
    }

    /** From those who have referred nobody upwards. */
    private static Map<UUID, Long> sizes(List<Place> members) {
        var parents = new HashMap<UUID, UUID>();
        var open = new HashMap<UUID, Integer>();
        var sizes = new HashMap<UUID, Long>();
        for (Place member : members) {
            sizes.put(member.id(), 1L);
            if (member.parent() != null) {
                parents.put(member.id(), member.parent());
                open.merge(member.parent(), 1, Integer::sum);
            }
        }
        for (Place member : members) {
            UUID at = open.containsKey(member.id()) ? null : member.id();
            while (at != null) {
                UUID parent = parents.get(at);
                if (parent != null) {
                    sizes.merge(parent, sizes.getOrDefault(at, 1L), Long::sum);
                    at = open.merge(parent, -1, Integer::sum) == 0 ? parent : null;
                } else {
                    at = null;
                }
            }
        }
        return sizes;
    }

    @Override
    public List<Optional<UserId>> ancestors(WorkspaceId workspace, String program, UserId user, int most) {
        return StoredReferrals.ancestors(Dialect.H2, session, workspace, program, user, most);
    }

    @Override
    public int depthOverall(String program, UserId user) {
        return session.<Integer>atomically("count how deep a user is", handle -> {
            H2TenancyStore.check(handle, user);
            int depth = 0;
            byte[] at = known(handle, program, H2TenancyStore.hash(user))
                    .map(Known::referrer)
                    .orElse(null);
            while (at != null) {
                depth++;
                at = known(handle, program, at).map(Known::referrer).orElse(null);
            }
            return depth;
        });
    }

    @Override
    public List<Generation> generations(WorkspaceId workspace, String program) {
        return StoredReferrals.generations(Dialect.H2, session, workspace, program);
    }

    @Override
    public List<Subtree> largest(WorkspaceId workspace, String program, int most) {
        return Dialect.H2.inWorkspace(session, "find the largest subtrees", workspace, null, handle -> {
            List<Place> members = members(handle, workspace, program);
            Map<UUID, Long> sizes = sizes(members);
            var subtrees = new ArrayList<Subtree>();
            for (Place member : members) {
                if (member.user() != null) {
                    subtrees.add(new Subtree(member.user(), sizes.getOrDefault(member.id(), 1L)));
                }
            }
            return subtrees.stream()
                    .sorted(Comparator.comparingLong(Subtree::size)
                            .reversed()
                            .thenComparing(each -> each.user().value()))
                    .limit(most)
                    .toList();
        });
    }

    @Override
    public List<Edge> all(WorkspaceId workspace, String program) {
        return StoredReferrals.all(Dialect.H2, session, workspace, program);
    }

    /** Nothing is kept beside the referrals here. */
    @Override
    public int tidy(WorkspaceId workspace, String program) {
        return Dialect.H2.<Integer>inWorkspace(session, "count referrals", workspace, null, handle -> 0);
    }

    private static <S extends SqlStatement<S>> S of(S statement, WorkspaceId workspace, String program) {
        return statement.bind("workspace", workspace.value()).bind("program", program);
    }

    private static OffsetDateTime time(Instant time) {
        return time.atOffset(ZoneOffset.UTC);
    }

    /** A place in the graph of a workspace. */
    private record Place(
            UUID id, @Nullable UUID parent, @Nullable UserId user) {
        static Place of(UUID id, @Nullable UUID parent, @Nullable String user) {
            return new Place(id, parent, StoredReferrals.user(user));
        }
    }

    /** What is known of a user over all workspaces. */
    private record Known(
            byte @Nullable [] referrer,
            @Nullable WorkspaceId workspace,
            @Nullable WorkspaceId referredIn) {}

    /** Somebody who was bound with a trace. */
    private record Bond(
            Instant at, @Nullable UUID place, @Nullable UUID parent) {}
}
