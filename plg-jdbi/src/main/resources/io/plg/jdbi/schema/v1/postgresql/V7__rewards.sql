-- plg, schema version 7: rewards. PostgreSQL 15 and later.

-- What somebody gets, once for each event of a rule. Amounts, caps that were taken and what it gives stand in benefit and taken as JSON; terms is the rule it was made under.
-- cap_actor_id is whose caps were taken if that is somebody else. due_at is when it goes on by itself. refunded is which part of what earned it was taken back. fulfilment: 0 none, 1 to be told outside, 2 told, 3 to be told that it is taken back, 4 told that.
create table plg.reward (
    workspace_id   varchar(128) collate "C" not null,
    id             uuid                     not null,
    program        varchar(128) collate "C" not null,
    rule           varchar(128) collate "C" not null,
    event          varchar(200) collate "C" not null,
    party          varchar(16) collate "C"  not null,
    actor_id       varchar(128) collate "C",
    cap_actor_id   varchar(128) collate "C",
    state          varchar(16) collate "C"  not null,
    benefit        text collate "C"         not null,
    terms          text collate "C"         not null,
    decided_at     timestamptz              not null,
    due_at         timestamptz,
    issued_at      timestamptz,
    claw_back_until timestamptz,
    reason         text collate "C"         not null,
    taken          text collate "C"         not null,
    provision      uuid,
    fulfilment     smallint                 not null,
    refunded       numeric                  not null,
    primary key (workspace_id, id)
) with (fillfactor = 75);
create unique index reward_once on plg.reward (workspace_id, program, event, rule, party);
create index reward_actor on plg.reward (workspace_id, actor_id, decided_at) where actor_id is not null;
create index reward_cap_actor on plg.reward (workspace_id, cap_actor_id) where cap_actor_id is not null;
create index reward_state on plg.reward (workspace_id, state, decided_at);
create index reward_due on plg.reward (workspace_id, due_at) where due_at is not null;

-- The ledger: what somebody has is the sum of amount by unit. Only added to; erasing a user takes actor_id out.
create table plg.reward_entry (
    workspace_id varchar(128) collate "C" not null,
    id           uuid                     not null,
    reward_id    uuid,
    actor_id     varchar(128) collate "C",
    unit         varchar(200) collate "C" not null,
    amount       numeric                  not null,
    kind         varchar(32) collate "C"  not null,
    recorded_at  timestamptz              not null,
    primary key (workspace_id, id)
);
create index reward_entry_actor on plg.reward_entry (workspace_id, actor_id, unit) include (amount) where actor_id is not null;

-- How much of a cap is taken. user_id is empty for a cap of the workspace.
create table plg.reward_cap (
    workspace_id varchar(128) collate "C" not null,
    program      varchar(128) collate "C" not null,
    cap          varchar(200) collate "C" not null,
    user_id      varchar(128) collate "C" not null,
    period_start timestamptz              not null,
    taken        bigint                   not null,
    money        bigint                   not null,
    primary key (workspace_id, program, cap, user_id, period_start)
) with (fillfactor = 50);
create index reward_cap_user on plg.reward_cap (workspace_id, user_id) where user_id <> '';

-- How much is taken of a cap over all workspaces.
create table plg_directory.reward_cap (
    program      varchar(128) collate "C" not null,
    cap          varchar(200) collate "C" not null,
    period_start timestamptz              not null,
    taken        bigint                   not null,
    money        bigint                   not null,
    primary key (program, cap, period_start)
) with (fillfactor = 50);

-- Workspaces in which something goes on by itself at a time, one row for each minute in which something does: ids only.
create table plg_directory.due_work (
    kind         varchar(32) collate "C"  not null,
    due_at       timestamptz              not null,
    workspace_id varchar(128) collate "C" not null,
    primary key (kind, due_at, workspace_id)
);
create index due_work_workspace on plg_directory.due_work (workspace_id, kind, due_at);

alter table plg.reward enable row level security;
alter table plg.reward force row level security;
create policy workspace on plg.reward
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.reward as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

alter table plg.reward_entry enable row level security;
alter table plg.reward_entry force row level security;
create policy workspace on plg.reward_entry
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.reward_entry as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

alter table plg.reward_cap enable row level security;
alter table plg.reward_cap force row level security;
create policy workspace on plg.reward_cap
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.reward_cap as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

-- Takes from a cap over all workspaces, or gives back to it. -1 means that there is no limit. Returns whether there was enough.
create function plg_directory.take_reward_cap(
    p_program text, p_cap text, p_period timestamptz, p_count bigint, p_money bigint, p_most_count bigint, p_most_money bigint) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    if p_count >= 0 and p_money >= 0 and not exists (
        select from plg_directory.reward_cap c where c.program = p_program and c.cap = p_cap and c.period_start = p_period) then
        insert into plg_directory.reward_cap (program, cap, period_start, taken, money) values (p_program, p_cap, p_period, 0, 0)
        on conflict do nothing;
    end if;
    update plg_directory.reward_cap c set taken = greatest(c.taken + p_count, 0), money = greatest(c.money + p_money, 0)
    where c.program = p_program and c.cap = p_cap and c.period_start = p_period
      and (p_most_count < 0 or c.taken <= p_most_count - p_count) and (p_most_money < 0 or c.money <= p_most_money - p_money);
    return found;
end
$$;

-- Notes that something goes on by itself in the bound workspace at a time.
create function plg_directory.note_due(p_kind text, p_at timestamptz) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    v_workspace text := nullif(current_setting('plg.workspace_id', true), '');
begin
    if v_workspace is null then
        raise exception 'no workspace is bound' using errcode = '55000';
    end if;
    loop
        -- Whoever forgets it leaves alone what is locked, because what is due may not be committed yet.
        perform from plg_directory.due_work d
        where d.kind = p_kind and d.due_at = date_trunc('minute', p_at) and d.workspace_id = v_workspace for key share;
        exit when found;
        insert into plg_directory.due_work (kind, due_at, workspace_id) values (p_kind, date_trunc('minute', p_at), v_workspace) on conflict do nothing;
        exit when found;
    end loop;
end
$$;

-- Some workspaces in which something goes on by itself by now, those first that have waited longest: at most 1000.
create function plg_directory.workspaces_due(p_kind text, p_now timestamptz, p_limit integer) returns setof text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select x.workspace_id from (
        select d.workspace_id, min(d.due_at) as due_at from plg_directory.due_work d where d.kind = p_kind and d.due_at <= p_now group by d.workspace_id) x
    where not exists (select from plg_directory.deleted_workspace g where g.workspace_id = x.workspace_id)
    order by x.due_at, x.workspace_id limit least(p_limit, 1000)
$$;

-- Forgets what was due in the bound workspace in minutes that are over by p_now, unless something of it still is.
create function plg_directory.forget_due(p_kind text, p_now timestamptz) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set timezone = 'UTC'
as $$
declare
    v_workspace text        := nullif(current_setting('plg.workspace_id', true), '');
    v_before    timestamptz := date_trunc('minute', p_now);
    v_minutes   timestamptz[];
begin
    v_minutes := array(select d.due_at from plg_directory.due_work d
                     where d.kind = p_kind and d.workspace_id = v_workspace and d.due_at < v_before for update skip locked);
    if cardinality(v_minutes) = 0
       or p_kind = 'reward' and exists (select from plg.reward r where r.workspace_id = v_workspace and r.due_at < v_before) then
        return;
    end if;
    delete from plg_directory.due_work d where d.kind = p_kind and d.workspace_id = v_workspace and d.due_at = any (v_minutes);
end
$$;

-- Of the bound workspace, takes from a cap, or gives back to it.
create function plg.take_reward_cap(p_workspace text, p_take jsonb, p_sign integer) returns boolean
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_program text        := p_take ->> 'program';
    v_cap     text        := p_take ->> 'cap';
    v_user    text        := coalesce(p_take ->> 'user', '');
    v_period  timestamptz := (p_take ->> 'period')::timestamptz;
    v_count   bigint      := p_sign * (p_take ->> 'count')::bigint;
    v_money   bigint      := p_sign * (p_take ->> 'money')::bigint;
    v_most_count bigint   := case when p_sign > 0 then (p_take ->> 'mostCount')::bigint else -1 end;
    v_most_money bigint   := case when p_sign > 0 then (p_take ->> 'mostMoney')::bigint else -1 end;
begin
    if p_take ->> 'scope' = 'PROGRAM' then
        return plg_directory.take_reward_cap(v_program, v_cap, v_period, v_count, v_money, v_most_count, v_most_money);
    end if;
    if p_sign > 0 and not exists (
        select from plg.reward_cap c
        where c.workspace_id = p_workspace and c.program = v_program and c.cap = v_cap and c.user_id = v_user and c.period_start = v_period) then
        insert into plg.reward_cap (workspace_id, program, cap, user_id, period_start, taken, money)
        values (p_workspace, v_program, v_cap, v_user, v_period, 0, 0)
        on conflict do nothing;
    end if;
    update plg.reward_cap c set taken = greatest(c.taken + v_count, 0), money = greatest(c.money + v_money, 0)
    where c.workspace_id = p_workspace and c.program = v_program and c.cap = v_cap and c.user_id = v_user and c.period_start = v_period
      and (v_most_count < 0 or c.taken <= v_most_count - v_count) and (v_most_money < 0 or c.money <= v_most_money - v_money);
    return found;
end
$$;

-- In the bound workspace, stores what belongs to a reward.
create function plg.store_reward_facts(p_workspace text, p_entries jsonb, p_events jsonb, p_due timestamptz) returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    if p_entries is not null then
        insert into plg.reward_entry (workspace_id, id, reward_id, actor_id, unit, amount, kind, recorded_at)
        select p_workspace, e.id, e.reward, e."user", e.unit, e.amount, e.kind, e.at
        from jsonb_to_recordset(p_entries) as e (id uuid, reward uuid, "user" text, unit text, amount numeric, kind text, at timestamptz);
    end if;
    if p_events is not null then
        insert into plg.growth_event (workspace_id, id, type, version, occurred_at, user_id, data)
        select p_workspace, e.id, e.type, e.version, e.time, e."userId", e.data
        from jsonb_to_recordset(p_events)
            as e (id uuid, type text, version smallint, time timestamptz, "userId" text, data jsonb);
    end if;
    if p_due is not null then
        perform plg_directory.note_due('reward', p_due);
    end if;
end
$$;

-- Binds to a workspace, stores a reward unless there is one of its key, takes its caps, and leaves the binding as it was. outcome is 'stored', 'already' or 'capped'; nothing is
-- stored unless it is 'stored'. id is of the reward that is there.
create function plg.decide_reward(
    p_workspace text, p_reward jsonb, p_takes jsonb, p_entries jsonb, p_events jsonb, p_due timestamptz,
    out refused text, out refused_user text, out outcome text, out id uuid, out cap text)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_binding text := coalesce(current_setting('plg.workspace_id', true), '');
    v_program text := p_reward ->> 'program';
    v_rule    text := p_reward ->> 'rule';
    v_event   text := p_reward ->> 'event';
    v_party   text := p_reward ->> 'party';
    v_take    jsonb;
    v_taken   jsonb[] := '{}';
begin
    refused := plg_directory.admit(p_workspace, p_reward ->> 'user', null);
    if refused is not null then
        refused_user := p_reward ->> 'user';
        return;
    end if;
    if p_takes <> '[]' then
        refused_user := plg_directory.first_erased(array(select t ->> 'user' from jsonb_array_elements(p_takes) t));
        if refused_user is not null then
            refused := 'user';
            return;
        end if;
    end if;
    perform set_config('plg.workspace_id', p_workspace, true);
    id := (select r.id from plg.reward r
           where r.workspace_id = p_workspace and r.program = v_program and r.rule = v_rule and r.event = v_event and r.party = v_party);
    if id is null then
        for v_take in select jsonb_array_elements(p_takes) loop
            if not plg.take_reward_cap(p_workspace, v_take, 1) then
                cap := v_take ->> 'cap';
                exit;
            end if;
            v_taken := v_taken || v_take;
        end loop;
        if cap is null then
            insert into plg.reward as o
                (workspace_id, id, program, rule, event, party, actor_id, cap_actor_id, state, benefit, terms, decided_at, due_at, issued_at, claw_back_until,
                 reason, taken, provision, fulfilment, refunded)
            select p_workspace, r.id, v_program, v_rule, v_event, v_party, r."user", r."capUser", r.state, r.benefit, r.terms, r."decidedAt", r."dueAt",
                   r."issuedAt", r."clawBackUntil", r.reason, r.taken, r.provision, r.fulfilment, r.refunded
            from jsonb_to_record(p_reward) as r (
                id uuid, "user" text, "capUser" text, state text, benefit text, terms text, "decidedAt" timestamptz, "dueAt" timestamptz, "issuedAt" timestamptz,
                "clawBackUntil" timestamptz, reason text, taken text, provision uuid, fulfilment smallint, refunded numeric)
            on conflict do nothing
            returning o.id into id;
        end if;
        if id is not null then
            outcome := 'stored';
            perform plg.store_reward_facts(p_workspace, p_entries, p_events, p_due);
        else
            foreach v_take in array v_taken loop
                perform plg.take_reward_cap(p_workspace, v_take, -1);
            end loop;
            -- Whoever took what was left may have decided the same.
            id := (select r.id from plg.reward r
                   where r.workspace_id = p_workspace and r.program = v_program and r.rule = v_rule and r.event = v_event and r.party = v_party);
            outcome := case when id is null then 'capped' else 'already' end;
        end if;
    else
        outcome := 'already';
    end if;
    perform set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Binds to a workspace, locks a reward until the transaction ends and returns it, or one row with a refusal, and leaves the binding as it was.
create function plg.lock_reward(p_workspace text, p_id uuid)
returns table (refused text, id uuid, program text, rule text, event text, party text, actor_id text, cap_actor_id text, state text, benefit text, terms text,
               decided_at bigint, due_at bigint, issued_at bigint, claw_back_until bigint, reason text, taken text, provision uuid, fulfilment smallint,
               refunded numeric)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_binding text := coalesce(current_setting('plg.workspace_id', true), '');
begin
    refused := plg_directory.refusal(p_workspace, null);
    if refused is not null then
        return next;
        return;
    end if;
    perform set_config('plg.workspace_id', p_workspace, true);
    return query
        select null::text, r.id, r.program::text, r.rule::text, r.event::text, r.party::text,
               case when plg_directory.refusal(null, r.actor_id) is null then r.actor_id::text end,
               case when plg_directory.refusal(null, r.cap_actor_id) is null then r.cap_actor_id::text end, r.state::text,
               r.benefit::text, r.terms::text, (extract(epoch from r.decided_at) * 1000000)::bigint, (extract(epoch from r.due_at) * 1000000)::bigint,
               (extract(epoch from r.issued_at) * 1000000)::bigint, (extract(epoch from r.claw_back_until) * 1000000)::bigint,
               r.reason::text, r.taken::text, r.provision, r.fulfilment, r.refunded
        from plg.reward r where r.workspace_id = p_workspace and r.id = p_id for update;
    perform set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Binds to a workspace, stores what became of a reward that this transaction has locked, and leaves the binding as it was.
create function plg.update_reward(p_workspace text, p_reward jsonb, p_returned jsonb, p_entries jsonb, p_events jsonb, p_due timestamptz, out refused text)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_binding text := coalesce(current_setting('plg.workspace_id', true), '');
    v_take    jsonb;
begin
    refused := plg_directory.refusal(p_workspace, null);
    if refused is not null then
        return;
    end if;
    perform set_config('plg.workspace_id', p_workspace, true);
    update plg.reward o
    set state = r.state, due_at = r."dueAt", issued_at = r."issuedAt", claw_back_until = r."clawBackUntil", reason = r.reason, taken = r.taken,
        provision = r.provision, fulfilment = r.fulfilment, refunded = r.refunded
    from jsonb_to_record(p_reward) as r (
        id uuid, state text, "dueAt" timestamptz, "issuedAt" timestamptz, "clawBackUntil" timestamptz, reason text, taken text, provision uuid,
        fulfilment smallint, refunded numeric)
    where o.workspace_id = p_workspace and o.id = r.id;
    if not found then
        raise exception 'the reward is not there any more' using errcode = '40001';
    end if;
    for v_take in select jsonb_array_elements(p_returned) loop
        perform plg.take_reward_cap(p_workspace, v_take, -1);
    end loop;
    perform plg.store_reward_facts(p_workspace, p_entries, p_events, p_due);
    perform set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Binds to a workspace, adds to the ledger, and leaves the binding as it was.
create function plg.append_reward_entries(p_workspace text, p_entries jsonb, out refused text, out refused_user text)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_binding text := coalesce(current_setting('plg.workspace_id', true), '');
begin
    refused := plg_directory.admit(p_workspace, null, null);
    if refused is null then
        refused_user := plg_directory.first_erased(array(select e ->> 'user' from jsonb_array_elements(p_entries) as e));
        refused := case when refused_user is not null then 'user' end;
    end if;
    if refused is not null then
        return;
    end if;
    perform set_config('plg.workspace_id', p_workspace, true);
    perform plg.store_reward_facts(p_workspace, p_entries, null, null);
    perform set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Binds to a workspace, counts one more of something for a user, and leaves the binding as it was.
create function plg.count_reward(p_workspace text, p_program text, p_counter text, p_user text, out refused text, out counted bigint)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_binding text := coalesce(current_setting('plg.workspace_id', true), '');
begin
    refused := plg_directory.admit(p_workspace, p_user, null);
    if refused is not null then
        return;
    end if;
    perform set_config('plg.workspace_id', p_workspace, true);
    insert into plg.reward_cap as c (workspace_id, program, cap, user_id, period_start, taken, money)
    values (p_workspace, p_program, p_counter, p_user, '1970-01-01T00:00:00Z', 1, 0)
    on conflict (workspace_id, program, cap, user_id, period_start) do update set taken = c.taken + 1
    returning c.taken into counted;
    perform set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Removes the rows of a user who is being erased, from the p_limit workspaces after p_after, and leaves the binding as it was. Rows with actor_id, or
-- a column that ends in it, are those of a ledger: they stay, without it, and no more than 5000 are changed at once. Returns after which workspace to go on, null if there was none, and how many
-- rows it removed or changed.
create or replace function plg_directory.erase_some(p_user text, p_after text, p_limit integer, out last_workspace text, out removed bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
    v_binding   text := current_setting('plg.workspace_id', true);
    v_workspace text;
    v_left      integer := 5000;
    v_rows      tid[];
    v_now       bigint;
    v_table     record;
    v_where     text;
begin
    if not exists (select from plg_directory.erased_user e where e.user_hash = sha256(convert_to(p_user, 'UTF8'))) then
        raise exception 'the erasure of this user has not begun' using errcode = '55000';
    end if;
    removed := 0;
    for v_workspace in
        select w.workspace_id from plg_directory.workspace w where p_after is null or w.workspace_id > p_after
        union
        select d.workspace_id from plg_directory.deleted_workspace d
        where not d.complete and (p_after is null or d.workspace_id > p_after)
        order by 1 limit p_limit
    loop
        perform set_config('plg.workspace_id', v_workspace, true);
        for v_table in select t.name, t.user_columns from plg_directory.tenant_tables() t where cardinality(t.user_columns) > 0 loop
            select string_agg(format('%I = $2', c), ' or ') into v_where from unnest(v_table.user_columns) as c;
            execute format('delete from %s where workspace_id = $1 and (%s)', v_table.name, v_where)
                using v_workspace, p_user;
            get diagnostics v_now = row_count;
            removed := removed + v_now;
        end loop;
        for v_table in select t.name, a.attname as actor_column
                       from plg_directory.tenant_tables() t
                       join pg_attribute a on a.attrelid = t.id and a.attname ~ '^(.*_)?actor_id$' and a.attnum > 0 and not a.attisdropped loop
            -- Locked, or a row that somebody changes in between would keep the id.
            execute format('select array(select ctid from %s where workspace_id = $1 and %I = $2 limit $3 for update)', v_table.name, v_table.actor_column)
                into v_rows using v_workspace, p_user, v_left;
            v_left := v_left - cardinality(v_rows);
            execute format('update %1$s set %2$I = null where ctid = any ($1) and workspace_id = $2 and %2$I = $3', v_table.name, v_table.actor_column)
                using v_rows, v_workspace, p_user;
            get diagnostics v_now = row_count;
            removed := removed + v_now;
            exit when v_left = 0;
        end loop;
        if v_left = 0 then
            last_workspace := coalesce(last_workspace, p_after, ''); -- there may be more of this one
            exit;
        end if;
        last_workspace := v_workspace;
    end loop;
    perform set_config('plg.workspace_id', coalesce(v_binding, ''), true);
end
$$;

-- Removes at most p_limit rows of a workspace that is being deleted, children before parents, and leaves the binding as it was. Returns how
-- many it removed: none when none is left. Referrals stay in the directory without the workspace, because people keep their places.
create or replace function plg_directory.delete_some(p_workspace text, p_limit integer) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
    v_binding text := current_setting('plg.workspace_id', true);
    v_removed integer := 0;
    v_now     integer;
    v_rows    tid[];
    v_table   record;
begin
    if not exists (select from plg_directory.deleted_workspace d where d.workspace_id = p_workspace) then
        raise exception 'the deletion of this workspace has not begun' using errcode = '55000';
    end if;
    perform set_config('plg.workspace_id', p_workspace, true);
    for v_table in select t.name from plg_directory.tenant_tables() t loop
        execute format('delete from %1$s where ctid = any (array(select ctid from %1$s where workspace_id = $1 limit $2))', v_table.name)
            using p_workspace, p_limit - v_removed;
        get diagnostics v_now = row_count;
        v_removed := v_removed + v_now;
        exit when v_removed >= p_limit; -- a parent's turn comes when no child is left
    end loop;
    if v_removed < p_limit then
        v_rows := array(select o.ctid from plg_directory.referral o where o.workspace_id = p_workspace limit p_limit - v_removed for update);
        update plg_directory.referral r set workspace_id = null where r.ctid = any (v_rows) and r.workspace_id = p_workspace;
        get diagnostics v_now = row_count;
        v_removed := v_removed + v_now;
    end if;
    if v_removed < p_limit then
        v_rows := array(select o.ctid from plg_directory.referral o where o.referred_workspace_id = p_workspace limit p_limit - v_removed for update);
        update plg_directory.referral r set referred_workspace_id = null where r.ctid = any (v_rows) and r.referred_workspace_id = p_workspace;
        get diagnostics v_now = row_count;
        v_removed := v_removed + v_now;
    end if;
    if v_removed = 0 then
        delete from plg_directory.due_work d where d.workspace_id = p_workspace;
        delete from plg_directory.lookup l where l.workspace_id = p_workspace;
        delete from plg_directory.workspace w where w.workspace_id = p_workspace;
    end if;
    perform set_config('plg.workspace_id', coalesce(v_binding, ''), true);
    return v_removed;
end
$$;

-- Notes that nothing is left, if that is so. Returns whether it is.
create or replace function plg_directory.end_deletion(p_workspace text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
    v_binding text := current_setting('plg.workspace_id', true);
    v_table   record;
    v_left    boolean;
begin
    v_left := exists (select from plg_directory.referral r where r.workspace_id = p_workspace)
              or exists (select from plg_directory.referral r where r.referred_workspace_id = p_workspace);
    perform set_config('plg.workspace_id', p_workspace, true);
    for v_table in select t.name from plg_directory.tenant_tables() t loop
        exit when v_left;
        execute format('select exists (select from %s where workspace_id = $1)', v_table.name) into v_left using p_workspace;
    end loop;
    perform set_config('plg.workspace_id', coalesce(v_binding, ''), true);
    if not v_left then
        update plg_directory.deleted_workspace d set complete = true where d.workspace_id = p_workspace;
    end if;
    return not v_left;
end
$$;

revoke all on all tables in schema plg, plg_directory from public;
revoke all on all functions in schema plg, plg_directory from public;
