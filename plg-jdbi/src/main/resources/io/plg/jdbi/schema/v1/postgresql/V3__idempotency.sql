-- plg, schema version 3: idempotency keys. PostgreSQL 15 and later.

-- What was asked for under a key, and its result. scope is the SHA-256 of principal, operation and key. A key of an effect on this database only has
-- a row from its commit on; until then a transaction-level advisory lock keeps others out. A leased key has one from its first lease on. All
-- times are this server's.
create table plg.idempotency_key (
    workspace_id varchar(128) collate "C" not null,
    scope        bytea                    not null,
    operation    varchar(128) collate "C" not null,
    request_key  varchar(255) collate "C" not null,
    user_id      varchar(128) collate "C", -- who asked: a user or a service
    service      varchar(128) collate "C",
    fingerprint  bytea                    not null,
    effect_id    uuid                     not null,
    token        bigint                   not null, -- of the last lease; 0 if there was none
    leased_until timestamptz,
    finished_at  timestamptz,
    result       text,                              -- null also if it was too large
    expires_at   timestamptz,                       -- always there
    primary key (workspace_id, scope)
);
-- Its condition keeps it away from look-ups by key: while the table is young, the planner takes both indexes for equally good, and remembers the wrong one.
create index idempotency_key_expires on plg.idempotency_key (workspace_id, expires_at) where expires_at is not null;

-- Every key of a financial operation that was executed, for good: the application's role may add to it and read it, and nothing else. Who asked is
-- in it as part of a hash only, so that it outlives the erasure of a person.
create table plg.idempotency_log (
    workspace_id varchar(128) collate "C" not null,
    scope        bytea                    not null,
    operation    varchar(128) collate "C" not null,
    request_key  varchar(255) collate "C" not null,
    fingerprint  bytea                    not null,
    effect_id    uuid                     not null,
    executed_at  timestamptz              not null,
    primary key (workspace_id, scope)
);

-- What may happen once and has. subject is the SHA-256 of to whom or what.
create table plg.idempotency_once (
    workspace_id varchar(128) collate "C" not null,
    what         varchar(128) collate "C" not null,
    subject      bytea                    not null,
    user_id      varchar(128) collate "C",
    effect_id    uuid                     not null,
    happened_at  timestamptz              not null,
    primary key (workspace_id, what, subject)
);

alter table plg.idempotency_key enable row level security;
alter table plg.idempotency_key force row level security;
create policy workspace on plg.idempotency_key
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.idempotency_key as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

alter table plg.idempotency_log enable row level security;
alter table plg.idempotency_log force row level security;
create policy workspace on plg.idempotency_log
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.idempotency_log as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

alter table plg.idempotency_once enable row level security;
alter table plg.idempotency_once force row level security;
create policy workspace on plg.idempotency_once
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.idempotency_once as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

-- Binds to a workspace, looks a key up, and leaves the binding as it was. Without any output but nulls nobody had the effect, or the look-up of a claim
-- refuses. left_micros is how long the lease still is, 0 if it has ended.
create function plg.idempotency_find(
    p_workspace text, p_user text, p_scope bytea, p_logged boolean,
    out refused text, out finished boolean, out fingerprint bytea, out effect_id uuid, out result text, out left_micros bigint)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_binding text := coalesce(current_setting('plg.workspace_id', true), '');
    v_bound   text := set_config('plg.workspace_id', p_workspace, true);
    v_logged  record;
begin
    select k.finished_at is not null, k.fingerprint, k.effect_id, k.result,
           greatest(0, ceil(extract(epoch from k.leased_until - clock_timestamp()) * 1000000))::bigint
    into finished, fingerprint, effect_id, result, left_micros
    from plg.idempotency_key k
    where k.workspace_id = p_workspace and k.scope = p_scope;
    if finished is not true and p_logged then
        -- One statement: the key and its line in the log may have been committed since the last one.
        select l.fingerprint, l.effect_id, k.result into v_logged
        from plg.idempotency_log l
        left join plg.idempotency_key k
               on k.workspace_id = l.workspace_id and k.scope = l.scope and k.finished_at is not null
        where l.workspace_id = p_workspace and l.scope = p_scope;
        if found then
            finished := true;
            fingerprint := v_logged.fingerprint;
            effect_id := v_logged.effect_id;
            result := v_logged.result;
            left_micros := 0;
        end if;
    end if;
    if finished is not null then
        refused := plg_directory.refusal(p_workspace, p_user);
    end if;
    v_bound := set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Claims a key for this transaction: of all that have the same p_lock only one goes on, until its end. Waits for another one at most p_wait milliseconds,
-- 0 for not at all. Returns 'claimed' if nobody had the effect or tried to, 'again' if it is claimed and there was a lease that has ended, 'found' if
-- idempotency_find knows more, else 'busy', or why the call must be refused. Leaves the binding as it was, or to the workspace if it was claimed and
-- p_bind says so. Whether the workspace was deleted is asked here and not again when the result is stored: a deletion is not complete before the
-- transactions have ended that were open when it began.
-- It returns one value and not a row, because a function in FROM costs as much again as what this one does.
create function plg.idempotency_claim(
    p_workspace text, p_user text, p_scope bytea, p_logged boolean, p_lock bigint, p_wait integer, p_bind boolean) returns text
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_binding  text := coalesce(current_setting('plg.workspace_id', true), '');
    v_bound    text;
    v_timeout  text;
    v_wait     integer;
    v_refused  text := plg_directory.admit(p_workspace, p_user, null);
    v_finished boolean;
    v_held     boolean;
    v_result   text;
begin
    if v_refused is not null then
        return v_refused;
    end if;
    v_bound := set_config('plg.workspace_id', p_workspace, true);
    if not pg_try_advisory_xact_lock(p_lock) then
        -- It may have been finished, and the lock be that of another one who is about to see so.
        if exists (select from plg.idempotency_key k where k.workspace_id = p_workspace and k.scope = p_scope)
           or p_logged
              and exists (select from plg.idempotency_log l where l.workspace_id = p_workspace and l.scope = p_scope) then
            v_result := 'found';
        elsif p_wait = 0 then
            v_result := 'busy';
        else
            -- Not so long that a limit of the host's would make an error of it.
            select least(p_wait, min(greatest(1, s.setting::integer / 2))) into v_wait
            from pg_settings s
            where s.name in ('statement_timeout', 'lock_timeout') and s.setting <> '0';
            begin
                v_timeout := current_setting('lock_timeout');
                perform set_config('lock_timeout', v_wait::text, true);
                perform pg_advisory_xact_lock(p_lock);
                perform set_config('lock_timeout', v_timeout, true);
            exception when lock_not_available then
                v_result := 'busy'; -- and the setting is as it was
            end;
            if v_result is null and current_setting('transaction_isolation') <> 'read committed' then
                raise exception 'another transaction has had the idempotency key, and this one cannot see what it did'
                    using errcode = 'serialization_failure';
            end if;
        end if;
    end if;
    if v_result is null then
        -- Whoever had the lock has committed or rolled back, and this statement sees it.
        select k.finished_at is not null, k.finished_at is null and k.leased_until > clock_timestamp() into v_finished, v_held
        from plg.idempotency_key k
        where k.workspace_id = p_workspace and k.scope = p_scope;
        if v_finished or v_held then
            v_result := 'found';
        elsif p_logged then -- apart, because an expression with a query in it is planned and run as one, whatever comes first
            if exists (select from plg.idempotency_log l where l.workspace_id = p_workspace and l.scope = p_scope) then
                v_result := 'found';
            end if;
        end if;
        if v_result is null then
            v_result := case when v_finished is null then 'claimed' else 'again' end;
        end if;
    end if;
    if v_result not in ('claimed', 'again') or not p_bind then
        v_bound := set_config('plg.workspace_id', v_binding, true);
    end if;
    return v_result;
end
$$;

-- Binds to a workspace, stores the result of a key that this transaction has claimed, and leaves the binding as it was. That somebody else has the key
-- after all is a serialization failure.
create function plg.idempotency_finish(
    p_workspace text, p_user text, p_scope bytea, p_operation text, p_key text, p_service text, p_fingerprint bytea, p_effect uuid,
    p_result text, p_retention_micros bigint, p_financial boolean) returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_binding text        := coalesce(current_setting('plg.workspace_id', true), '');
    v_bound   text        := set_config('plg.workspace_id', p_workspace, true);
    v_now     timestamptz := clock_timestamp();
    v_stored  boolean;
begin
    insert into plg.idempotency_key
        (workspace_id, scope, operation, request_key, user_id, service, fingerprint, effect_id, token, finished_at, result, expires_at)
    values (p_workspace, p_scope, p_operation, p_key, p_user, p_service, p_fingerprint, p_effect, 0, v_now, p_result,
            v_now + p_retention_micros * interval '1 microsecond')
    on conflict do nothing;
    v_stored := found;
    if not v_stored then
        -- There was a lease, which has ended.
        update plg.idempotency_key k
        set fingerprint = p_fingerprint, effect_id = p_effect, finished_at = v_now, result = p_result,
            expires_at = v_now + p_retention_micros * interval '1 microsecond'
        where k.workspace_id = p_workspace and k.scope = p_scope and k.finished_at is null and k.leased_until <= v_now;
        v_stored := found;
    end if;
    if v_stored and p_financial then
        insert into plg.idempotency_log (workspace_id, scope, operation, request_key, fingerprint, effect_id, executed_at)
        values (p_workspace, p_scope, p_operation, p_key, p_fingerprint, p_effect, v_now)
        on conflict do nothing;
        v_stored := found;
    end if;
    if not v_stored then
        raise exception 'the idempotency key was used by somebody else in between' using errcode = 'serialization_failure';
    end if;
    v_bound := set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Binds to a workspace, stores the result of a key that is leased, and leaves the binding as it was. Returns whether it was the owner's, or null with the
-- reason why the call must be refused.
create function plg.idempotency_finish_leased(
    p_workspace text, p_user text, p_scope bytea, p_token bigint, p_operation text, p_key text, p_fingerprint bytea, p_effect uuid,
    p_result text, p_retention_micros bigint, p_financial boolean, out refused text, out stored boolean)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_binding text        := coalesce(current_setting('plg.workspace_id', true), '');
    v_now     timestamptz := clock_timestamp();
begin
    refused := plg_directory.refusal(p_workspace, p_user);
    if refused is not null then
        return;
    end if;
    perform set_config('plg.workspace_id', p_workspace, true);
    update plg.idempotency_key k
    set finished_at = v_now, result = p_result, expires_at = v_now + p_retention_micros * interval '1 microsecond'
    where k.workspace_id = p_workspace and k.scope = p_scope and k.token = p_token and k.finished_at is null;
    stored := found;
    if stored and p_financial then
        insert into plg.idempotency_log (workspace_id, scope, operation, request_key, fingerprint, effect_id, executed_at)
        values (p_workspace, p_scope, p_operation, p_key, p_fingerprint, p_effect, v_now)
        on conflict do nothing;
        stored := found;
    end if;
    perform set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Binds to a workspace, leases a key if nobody holds it and an earlier attempt was the same request, and leaves the binding as it was. Returns the token
-- and the id of the effect; without a token, what idempotency_find does.
create function plg.idempotency_lease(
    p_workspace text, p_user text, p_scope bytea, p_logged boolean, p_operation text, p_key text, p_service text,
    p_fingerprint bytea, p_effect uuid, p_lease_micros bigint, p_retention_micros bigint,
    out token bigint,
    out refused text, out finished boolean, out fingerprint bytea, out effect_id uuid, out result text, out left_micros bigint)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_binding text        := current_setting('plg.workspace_id', true);
    v_now     timestamptz := clock_timestamp();
    v_until   timestamptz := v_now + p_lease_micros * interval '1 microsecond';
begin
    refused := plg_directory.admit(p_workspace, p_user, null);
    if refused is not null then
        return;
    end if;
    perform set_config('plg.workspace_id', p_workspace, true);
    if not (p_logged and exists (
            select from plg.idempotency_log l where l.workspace_id = p_workspace and l.scope = p_scope)) then
        insert into plg.idempotency_key as k
            (workspace_id, scope, operation, request_key, user_id, service, fingerprint, effect_id, token, leased_until, expires_at)
        values (p_workspace, p_scope, p_operation, p_key, p_user, p_service, p_fingerprint, p_effect,
                (extract(epoch from v_now) * 1000)::bigint, v_until,
                v_until + p_retention_micros * interval '1 microsecond')
        on conflict (workspace_id, scope) do update
            set token = k.token + 1, leased_until = excluded.leased_until, expires_at = excluded.expires_at
            where k.finished_at is null and k.leased_until <= v_now and k.fingerprint = excluded.fingerprint
        returning k.token, k.effect_id into token, effect_id;
    end if;
    if token is null then
        select f.finished, f.fingerprint, f.effect_id, f.result, f.left_micros
        into finished, fingerprint, effect_id, result, left_micros
        from plg.idempotency_find(p_workspace, p_user, p_scope, p_logged) f;
    end if;
    perform set_config('plg.workspace_id', coalesce(v_binding, ''), true);
end
$$;

-- Binds to a workspace, renews a lease, or ends it if p_lease_micros is 0, and leaves the binding as it was. Returns whether it was the owner's.
create function plg.idempotency_renew(p_workspace text, p_scope bytea, p_token bigint, p_lease_micros bigint) returns boolean
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_binding text        := current_setting('plg.workspace_id', true);
    v_until   timestamptz := clock_timestamp() + p_lease_micros * interval '1 microsecond';
    v_found   boolean;
begin
    perform set_config('plg.workspace_id', p_workspace, true);
    update plg.idempotency_key k
    set leased_until = v_until, expires_at = v_until + (k.expires_at - k.leased_until)
    where k.workspace_id = p_workspace and k.scope = p_scope and k.token = p_token and k.finished_at is null;
    v_found := found;
    perform set_config('plg.workspace_id', coalesce(v_binding, ''), true);
    return v_found;
end
$$;

-- Binds to a workspace, notes what may happen once unless it was noted before, and leaves the binding as it was. Waits for another transaction that is
-- about to.
create function plg.idempotency_note_once(
    p_workspace text, p_user text, p_what text, p_subject bytea, p_effect uuid, p_at timestamptz,
    out refused text, out first boolean, out effect_id uuid)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_binding text := current_setting('plg.workspace_id', true);
begin
    refused := plg_directory.admit(p_workspace, p_user, null);
    if refused is not null then
        return;
    end if;
    perform set_config('plg.workspace_id', p_workspace, true);
    insert into plg.idempotency_once (workspace_id, what, subject, user_id, effect_id, happened_at)
    values (p_workspace, p_what, p_subject, p_user, p_effect, p_at)
    on conflict do nothing;
    first := found;
    select o.effect_id into effect_id
    from plg.idempotency_once o
    where o.workspace_id = p_workspace and o.what = p_what and o.subject = p_subject;
    perform set_config('plg.workspace_id', coalesce(v_binding, ''), true);
end
$$;

-- Removes at most p_limit keys whose retention is over, from the next workspaces after p_after, and leaves the binding as it was. Returns after which
-- workspace to go on, null when there is none left, and how many it removed. Keys that somebody is using are left for the next time.
create function plg_directory.remove_expired_keys(p_after text, p_limit integer, out last_workspace text, out removed integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
    v_binding   text        := current_setting('plg.workspace_id', true);
    v_at        timestamptz := clock_timestamp(); -- a value, and no volatile function that no index can be asked for
    v_workspace text;
    v_now       integer;
begin
    removed := 0;
    for v_workspace in
        select distinct w.workspace_id from plg_directory.workspace w
        where p_after is null or w.workspace_id > p_after
        order by w.workspace_id limit 500
    loop
        perform set_config('plg.workspace_id', v_workspace, true);
        delete from plg.idempotency_key k
        where k.ctid = any (array(
            select o.ctid from plg.idempotency_key o
            where o.workspace_id = v_workspace and o.expires_at < v_at
            order by o.expires_at limit p_limit - removed
            for update skip locked));
        get diagnostics v_now = row_count;
        removed := removed + v_now;
        last_workspace := coalesce(last_workspace, p_after, '');
        exit when removed >= p_limit; -- there may be more in this one
        last_workspace := v_workspace;
    end loop;
    perform set_config('plg.workspace_id', coalesce(v_binding, ''), true);
end
$$;

revoke all on all tables in schema plg from public;
revoke all on all functions in schema plg, plg_directory from public;
