-- plg, schema version 2: activation and growth events. PostgreSQL 15 and later.

-- A completed step: the first completion to arrive, which never changes.
create table plg.activation_step (
    workspace_id varchar(128) collate "C" not null,
    funnel       varchar(128) collate "C" not null,
    user_id      varchar(128) collate "C" not null,
    step         varchar(128) collate "C" not null,
    completed_at timestamptz              not null,
    metadata     jsonb                    not null,
    recorded_at  timestamptz              not null,
    primary key (workspace_id, funnel, user_id, step)
);

-- One row per user and funnel, whose lock orders the completions of one user. host_signed_up_at is a fact; the rest is kept beside
-- the facts for look-ups: how many completions are stored, and ActivationState.score() after the last one.
create table plg.activation_user (
    workspace_id      varchar(128) collate "C" not null,
    funnel            varchar(128) collate "C" not null,
    user_id           varchar(128) collate "C" not null,
    host_signed_up_at timestamptz,
    completed         integer                  not null,
    score             smallint                 not null,
    primary key (workspace_id, funnel, user_id)
) with (fillfactor = 75);

-- What happened, written in the transaction in which it happened. Ids only.
create table plg.growth_event (
    workspace_id varchar(128) collate "C" not null,
    id           uuid                     not null,
    type         text collate "C"         not null,
    version      smallint                 not null,
    occurred_at  timestamptz              not null,
    user_id      varchar(128) collate "C" not null,
    data         jsonb                    not null,
    primary key (workspace_id, id)
);

alter table plg.activation_step enable row level security;
alter table plg.activation_step force row level security;
create policy workspace on plg.activation_step
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.activation_step as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

alter table plg.activation_user enable row level security;
alter table plg.activation_user force row level security;
create policy workspace on plg.activation_user
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.activation_user as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

alter table plg.growth_event enable row level security;
alter table plg.growth_event force row level security;
create policy workspace on plg.growth_event
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.growth_event as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

-- Binds to a workspace, stores a completion and its events unless the user has completed the step, and leaves the binding as it
-- was. p_steps are the names of the funnel's steps, p_events the events as JSON. Returns the id of the transaction if it was the first,
-- else null, and what is stored for the user besides this completion. Where plg_directory.refusal has a reason, it is returned and nothing is
-- done.
create function plg.complete_step(
    p_workspace text, p_funnel text, p_user text, p_step text, p_completed_at timestamptz, p_metadata jsonb,
    p_recorded_at timestamptz, p_steps text[], p_events jsonb,
    out refused text, out xact text, out host_signed_up_at bigint,
    out step_names text[], out step_times bigint[], out step_metadata text[])
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_binding text := current_setting('plg.workspace_id', true);
    v_bound   text;
    v_seen    integer; -- completions that we saw, with ours
    v_stored  integer; -- completions as counted under the lock of the user
    v_score   integer;
begin
    v_bound := set_config('plg.workspace_id', p_workspace, true);

    -- One statement, because each costs as much as what it does. Its parts run in the order in which they use each other. The lock
    -- on the user comes first: whoever completes another step of the same user waits for it, and then counts ours too.
    with seen as (
        select count(*) as n, count(*) filter (where s.step = any (p_steps)) as of_funnel, array_agg(s.step) as names,
               array_agg((extract(epoch from s.completed_at) * 1000000)::bigint) as times,
               array_agg(s.metadata::text) as metadata
        from plg.activation_step s
        where s.workspace_id = p_workspace and s.funnel = p_funnel and s.user_id = p_user
    ), locked as (
        insert into plg.activation_user as u (workspace_id, funnel, user_id, completed, score)
        select p_workspace, p_funnel, p_user, 1,
               (200 * (seen.of_funnel + 1) + cardinality(p_steps)) / (2 * cardinality(p_steps))
        from seen
        where (seen.n = 0 or p_step <> all (seen.names)) and plg_directory.admit(p_workspace, p_user, 'activation') is null
        on conflict (workspace_id, funnel, user_id) do update
            set completed = u.completed + 1, score = excluded.score
        returning u.completed, u.host_signed_up_at
    ), first as (
        insert into plg.activation_step (workspace_id, funnel, user_id, step, completed_at, metadata, recorded_at)
        select p_workspace, p_funnel, p_user, p_step, p_completed_at, p_metadata, p_recorded_at from locked
        on conflict do nothing
        returning pg_current_xact_id()::text as xact
    ), told as (
        insert into plg.growth_event (workspace_id, id, type, version, occurred_at, user_id, data)
        select p_workspace, (e ->> 'id')::uuid, e ->> 'type', (e ->> 'version')::smallint,
               (e ->> 'time')::timestamptz, e ->> 'userId', e -> 'data'
        from first, jsonb_array_elements(p_events) as e
    )
    select seen.n + 1, locked.completed, first.xact,
           (extract(epoch from locked.host_signed_up_at) * 1000000)::bigint,
           seen.names, seen.times, seen.metadata
    into v_seen, v_stored, xact, host_signed_up_at, step_names, step_times, step_metadata
    from seen left join locked on true left join first on true;

    if xact is null then
        refused := plg_directory.refusal(p_workspace, p_user);
    end if;
    if refused is null and (xact is null or v_seen <> v_stored) then
        -- Not the first; or another transaction of the same user came in between: this statement sees all of what it stored.
        select count(*), (200 * count(*) filter (where s.step = any (p_steps)) + cardinality(p_steps)) / (2 * cardinality(p_steps)),
               array_agg(s.step), array_agg((extract(epoch from s.completed_at) * 1000000)::bigint),
               array_agg(s.metadata::text)
        into v_seen, v_score, step_names, step_times, step_metadata
        from plg.activation_step s
        where s.workspace_id = p_workspace and s.funnel = p_funnel and s.user_id = p_user;
        if v_stored is null then
            select (extract(epoch from u.host_signed_up_at) * 1000000)::bigint into host_signed_up_at
            from plg.activation_user u
            where u.workspace_id = p_workspace and u.funnel = p_funnel and u.user_id = p_user;
        else
            update plg.activation_user u
            set completed = v_seen, score = v_score
            where u.workspace_id = p_workspace and u.funnel = p_funnel and u.user_id = p_user;
        end if;
    end if;

    v_bound := set_config('plg.workspace_id', coalesce(v_binding, ''), true);
end
$$;

-- As complete_step, for many completions of a workspace: the arrays p_users to p_recorded_at hold one completion at each position, and
-- of those with the same user and step the first counts. p_events has the members "n" (position of its completion, from 1) and
-- "event". Returns the positions of those that were first, and the id of the transaction if there were any. Of a user who was erased the id is
-- returned, and nothing is done.
-- An import fills tables of which the planner knows nothing yet and takes for tiny. So what is looked up by key is a subquery of its
-- own, and nested loops are off: a join must not become quadratic.
create function plg.complete_steps(
    p_workspace text, p_funnel text, p_steps text[],
    p_users text[], p_user_steps text[], p_completed_at timestamptz[], p_metadata jsonb[], p_recorded_at timestamptz[],
    p_events jsonb,
    out refused text, out erased_user text, out firsts integer[], out xact text)
language plpgsql volatile security invoker
set search_path = pg_catalog, pg_temp set plan_cache_mode = force_custom_plan set enable_nestloop = off
as $$
#variable_conflict use_column
declare
    v_binding text := current_setting('plg.workspace_id', true);
    v_new     integer[];
    v_users   text[];
begin
    refused := plg_directory.admit(p_workspace, null, null);
    if refused is null then
        erased_user := plg_directory.first_erased(p_users);
        refused := case when erased_user is not null then 'user' end;
    end if;
    if refused is not null then
        return;
    end if;
    perform set_config('plg.workspace_id', p_workspace, true);

    -- What seems to be new: only its users are locked, all in one order.
    select array_agg(c.n), array_agg(distinct c.user_id)
    into v_new, v_users
    from (select distinct on (i.user_id collate "C", i.step collate "C") i.user_id collate "C" as user_id, i.step, i.n
          from unnest(p_users, p_user_steps) with ordinality as i (user_id, step, n)
          order by i.user_id collate "C", i.step collate "C", i.n) c
    where (select count(*) from plg.activation_step s
           where s.workspace_id = p_workspace and s.funnel = p_funnel and s.user_id = c.user_id and s.step = c.step) = 0;

    if v_new is not null then
        insert into plg.activation_user (workspace_id, funnel, user_id, completed, score)
        select p_workspace, p_funnel, v.user_id, 0, 0
        from unnest(v_users) as v (user_id) order by v.user_id collate "C"
        on conflict do nothing;
        perform from plg.activation_user u
        where u.workspace_id = p_workspace and u.funnel = p_funnel and u.user_id = any (v_users)
        order by u.user_id
        for update;

        with new as (
            select i.user_id, i.step, i.completed_at, i.metadata, i.recorded_at, i.n
            from unnest(p_users, p_user_steps, p_completed_at, p_metadata, p_recorded_at) with ordinality
                as i (user_id, step, completed_at, metadata, recorded_at, n)
            where cast(i.n as integer) = any (v_new)
        ), stored as (
            insert into plg.activation_step (workspace_id, funnel, user_id, step, completed_at, metadata, recorded_at)
            select p_workspace, p_funnel, new.user_id, new.step, new.completed_at, new.metadata, new.recorded_at
            from new
            on conflict do nothing
            returning user_id, step
        )
        select array_agg(new.n order by new.n), array_agg(distinct new.user_id)
        into firsts, v_users
        from stored join new using (user_id, step);
    end if;

    if firsts is null then
        firsts := '{}';
    else
        xact := pg_current_xact_id()::text;
        update plg.activation_user u
        set (completed, score) = (
            select count(*),
                   (200 * count(*) filter (where s.step = any (p_steps)) + cardinality(p_steps)) / (2 * cardinality(p_steps))
            from plg.activation_step s
            where s.workspace_id = p_workspace and s.funnel = p_funnel and s.user_id = u.user_id)
        where u.workspace_id = p_workspace and u.funnel = p_funnel and u.user_id = any (v_users);

        insert into plg.growth_event (workspace_id, id, type, version, occurred_at, user_id, data)
        select p_workspace, e.id, e.type, e.version, e.time, e."userId", e.data
        from jsonb_to_recordset(p_events) as p (n integer, event jsonb),
             jsonb_to_record(p.event)
                 as e (id uuid, type text, version smallint, time timestamptz, "userId" text, data jsonb)
        where p.n in (select unnest(firsts));

        perform plg_directory.note_changes('activation', v_users);
    end if;

    perform set_config('plg.workspace_id', coalesce(v_binding, ''), true);
end
$$;

-- Binds to a workspace, reads what is stored for a user, and leaves the binding as it was.
create function plg.activation_of(
    p_workspace text, p_funnel text, p_user text,
    out refused text, out host_signed_up_at bigint, out step_names text[], out step_times bigint[], out step_metadata text[])
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_binding text := current_setting('plg.workspace_id', true);
begin
    refused := plg_directory.refusal(p_workspace, p_user);
    if refused is not null then
        return;
    end if;
    perform set_config('plg.workspace_id', p_workspace, true);
    select u.host_signed_up_at, s.names, s.times, s.metadata
    into host_signed_up_at, step_names, step_times, step_metadata
    from (select array_agg(a.step) as names,
                 array_agg((extract(epoch from a.completed_at) * 1000000)::bigint) as times,
                 array_agg(a.metadata::text) as metadata
          from plg.activation_step a
          where a.workspace_id = p_workspace and a.funnel = p_funnel and a.user_id = p_user) s
    left join (select (extract(epoch from a.host_signed_up_at) * 1000000)::bigint as host_signed_up_at
               from plg.activation_user a
               where a.workspace_id = p_workspace and a.funnel = p_funnel and a.user_id = p_user) u on true;
    perform set_config('plg.workspace_id', coalesce(v_binding, ''), true);
end
$$;

-- Binds to a workspace, stores the sign-up time of a user unless one is stored, and leaves the binding as it was. Returns the id of
-- the transaction if something was written, and what is stored for the user afterwards.
create function plg.sign_up(
    p_workspace text, p_funnel text, p_user text, p_at timestamptz,
    out refused text, out xact text,
    out host_signed_up_at bigint, out step_names text[], out step_times bigint[], out step_metadata text[])
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
    insert into plg.activation_user as u (workspace_id, funnel, user_id, host_signed_up_at, completed, score)
    values (p_workspace, p_funnel, p_user, p_at, 0, 0)
    on conflict (workspace_id, funnel, user_id) do update
        set host_signed_up_at = excluded.host_signed_up_at where u.host_signed_up_at is null;
    if found then
        xact := pg_current_xact_id()::text;
        perform plg_directory.note_change('activation', p_user);
    end if;
    select a.host_signed_up_at, a.step_names, a.step_times, a.step_metadata
    into host_signed_up_at, step_names, step_times, step_metadata
    from plg.activation_of(p_workspace, p_funnel, p_user) a;
    perform set_config('plg.workspace_id', coalesce(v_binding, ''), true);
end
$$;

revoke all on all tables in schema plg from public;
revoke all on all functions in schema plg from public;
