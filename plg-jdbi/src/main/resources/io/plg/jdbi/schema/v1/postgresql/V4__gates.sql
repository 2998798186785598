-- plg, schema version 4: what workspaces have and how much of it they use. PostgreSQL 15 and later.

-- What was said about what a workspace has: plan, trial, periods, add-ons, overrides, grants, unlocks; in the order of version. Only ends_at ever changes.
create table plg.entitlement (
    workspace_id varchar(128) collate "C" not null,
    id           uuid                     not null,
    kind         varchar(64) collate "C"  not null,
    feature      varchar(128) collate "C",
    effective_at timestamptz              not null,
    ends_at      timestamptz,
    stated_at    timestamptz              not null,
    version      bigint                   not null,
    body         text collate "C"         not null,
    primary key (workspace_id, id)
);

-- How often that was changed. A consumption compares it with the version under which its lane was worked out, in the same statement.
create table plg.entitlement_version (
    workspace_id varchar(128) collate "C" primary key,
    version      bigint not null
) with (fillfactor = 50);

-- One row per feature, and one per member where members have a limit of their own (user_id '' means the workspace). Whoever changes it locks it first.
-- state is JSON; used, held and as_of repeat some of it for readers, without what was taken from the lanes since.
create table plg.usage_meter (
    workspace_id varchar(128) collate "C" not null,
    feature      varchar(128) collate "C" not null,
    user_id      varchar(128) collate "C" not null,
    state        text collate "C",
    used         numeric,
    held         numeric,
    as_of        timestamptz,
    primary key (workspace_id, feature, user_id)
) with (fillfactor = 75);
create index usage_meter_user on plg.usage_meter (workspace_id, user_id) where user_id <> '';

-- How much may be used until when without looking at the meter, spread over slots: the row that a consumption updates. Amounts are whole numbers of the feature's
-- smallest step. used, held, lim, remaining and overage are those of the meter when the lane was worked out. slots says over how many it was spread. Rows are
-- kept, because seq goes on: there may be more than that, and there are no gaps.
create table plg.usage_lane (
    workspace_id varchar(128) collate "C" not null,
    feature      varchar(128) collate "C" not null,
    slot         smallint                 not null,
    slots        smallint                 not null,
    amount       bigint                   not null,
    taken        bigint                   not null,
    seq          bigint                   not null,
    basis        bigint                   not null,
    version      bigint                   not null,
    until        timestamptz              not null,
    denies       boolean                  not null,
    used         bigint                   not null,
    held         bigint                   not null,
    lim          bigint                   not null,
    remaining    bigint                   not null,
    overage      bigint                   not null,
    period_start timestamptz,
    period_end   timestamptz,
    bucket       varchar(64) collate "C"  not null,
    primary key (workspace_id, feature, slot)
) with (fillfactor = 50);

-- The ledger: what is used in a period is the sum of amount over it. Only added to; erasing a user takes actor_id out.
create table plg.usage_entry (
    workspace_id varchar(128) collate "C" not null,
    feature      varchar(128) collate "C" not null,
    slot         smallint                 not null,
    seq          bigint                   not null,
    kind         varchar(16) collate "C"  not null,
    amount       numeric                  not null,
    held         numeric                  not null,
    parts        text collate "C"         not null,
    recorded_at  timestamptz              not null,
    period_start timestamptz,
    actor_id     varchar(128) collate "C",
    hold_id      uuid,
    refers_to    varchar(64) collate "C",
    primary key (workspace_id, feature, slot, seq)
);
create index usage_entry_actor on plg.usage_entry (workspace_id, actor_id) where actor_id is not null;
create index usage_entry_hold on plg.usage_entry (workspace_id, hold_id) where hold_id is not null;
create index usage_entry_refers on plg.usage_entry (workspace_id, feature, refers_to) where refers_to is not null;

-- What happens to a workspace as a whole happens to no user.
alter table plg.growth_event alter column user_id drop not null;

alter table plg.entitlement enable row level security;
alter table plg.entitlement force row level security;
create policy workspace on plg.entitlement
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.entitlement as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

alter table plg.entitlement_version enable row level security;
alter table plg.entitlement_version force row level security;
create policy workspace on plg.entitlement_version
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.entitlement_version as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

alter table plg.usage_meter enable row level security;
alter table plg.usage_meter force row level security;
create policy workspace on plg.usage_meter
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.usage_meter as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

alter table plg.usage_lane enable row level security;
alter table plg.usage_lane force row level security;
create policy workspace on plg.usage_lane
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.usage_lane as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

alter table plg.usage_entry enable row level security;
alter table plg.usage_entry force row level security;
create policy workspace on plg.usage_entry
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.usage_entry as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

-- Binds to a workspace, reads what it has, and leaves the binding as it was: as JSON, for each fact id, kind, feature, the microseconds of its
-- times, version, body.
create function plg.entitlements_of(p_workspace text, p_ended_after timestamptz, out refused text, out version bigint, out facts text)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_binding text := coalesce(current_setting('plg.workspace_id', true), '');
begin
    refused := plg_directory.refusal(p_workspace, null);
    if refused is not null then
        return;
    end if;
    perform set_config('plg.workspace_id', p_workspace, true);
    -- In one statement, so that both are of the same moment.
    select (select v.version from plg.entitlement_version v where v.workspace_id = p_workspace),
           (select coalesce(json_agg(json_build_array(
                       e.id, e.kind, e.feature, (extract(epoch from e.effective_at) * 1000000)::bigint,
                       (extract(epoch from e.ends_at) * 1000000)::bigint, (extract(epoch from e.stated_at) * 1000000)::bigint, e.version, e.body)), '[]')::text
            from plg.entitlement e
            where e.workspace_id = p_workspace and (e.ends_at is null or e.ends_at > p_ended_after))
    into version, facts;
    version := coalesce(version, 0);
    perform set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Binds to a workspace, adds facts and ends others, raises the version, and leaves the binding as it was. Returns how many facts have ended by it.
create function plg.change_entitlements(p_workspace text, p_facts jsonb, p_ended uuid[], p_at timestamptz, out refused text, out ended integer)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_binding text := coalesce(current_setting('plg.workspace_id', true), '');
    v_version bigint;
begin
    refused := plg_directory.admit(p_workspace, null, null);
    if refused is not null then
        return;
    end if;
    perform set_config('plg.workspace_id', p_workspace, true);
    -- The version comes first: changes of one workspace wait for each other here.
    insert into plg.entitlement_version as v (workspace_id, version) values (p_workspace, 1)
    on conflict (workspace_id) do update set version = v.version + 1
    returning v.version into v_version;
    update plg.entitlement e set ends_at = p_at
    where e.workspace_id = p_workspace and e.id = any (p_ended) and (e.ends_at is null or e.ends_at > p_at);
    get diagnostics ended = row_count;
    insert into plg.entitlement (workspace_id, id, kind, feature, effective_at, ends_at, stated_at, version, body)
    select p_workspace, f.id, f.kind, f.feature, f.effective_at, f.ends_at, f.stated_at, v_version, f.body
    from jsonb_to_recordset(p_facts)
        as f (id uuid, kind text, feature text, effective_at timestamptz, ends_at timestamptz, stated_at timestamptz, body text);
    perform plg_directory.note_change('gates', p_workspace);
    perform set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Binds to a workspace, takes from a lane and notes it in the ledger, and leaves the binding as it was. Returns 'T' and the lane afterwards, with the id of the
-- transaction, if it was taken; 'D' and
-- the lane if it is denied, which is said only where more than what remains is denied; 'U' if the meter has to be looked at; 'R' and why the call must be refused.
-- That a workspace was deleted is seen in the version, which its deletion raises and then removes.
-- One text and not a row, because a function in FROM costs as much again as what this one does.
create function plg.usage_take(
    p_workspace text, p_feature text, p_slot integer, p_amount bigint, p_shown numeric, p_basis bigint, p_now timestamptz, p_actor text)
returns text
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_binding text := coalesce(current_setting('plg.workspace_id', true), '');
    v_bound   text := set_config('plg.workspace_id', p_workspace, true);
    v_lane    record;
    v_taken   bigint;
    v_result  text;
begin
    if p_actor is not null then
        v_result := plg_directory.refusal(p_workspace, p_actor);
        if v_result is not null then
            v_bound := set_config('plg.workspace_id', v_binding, true);
            return 'R;' || v_result;
        end if;
    end if;
    update plg.usage_lane l set taken = l.taken + p_amount, seq = l.seq + 1
    where l.workspace_id = p_workspace and l.feature = p_feature and l.slot = p_slot
      and l.basis = p_basis and p_now < l.until and l.amount - l.taken >= p_amount
      and l.version = (select v.version from plg.entitlement_version v where v.workspace_id = p_workspace)
    returning l.*, l.taken as taken_of_all into v_lane;
    if found then
        insert into plg.usage_entry (workspace_id, feature, slot, seq, kind, amount, held, parts, recorded_at, period_start, actor_id)
        values (p_workspace, p_feature, p_slot, v_lane.seq, 'CONSUME', p_shown, 0,
                case when v_lane.period_start is null then '' else v_lane.bucket || '=' || p_amount end, p_now, v_lane.period_start, p_actor);
        v_result := 'T';
        v_taken := v_lane.taken;
        if v_lane.slots > 1 then
            -- Nobody spreads the lane anew while this transaction has a part of it.
            select sum(l.taken)::bigint into v_taken from plg.usage_lane l
            where l.workspace_id = p_workspace and l.feature = p_feature;
        end if;
    else
        -- In one statement, so that what was taken is of the same lane.
        select l.*, (select sum(o.taken)::bigint from plg.usage_lane o
                     where o.workspace_id = p_workspace and o.feature = p_feature) as taken_of_all
        into v_lane
        from plg.usage_lane l
        where l.workspace_id = p_workspace and l.feature = p_feature and l.slot = p_slot
          and l.basis = p_basis and p_now < l.until and l.denies
          and l.version = (select v.version from plg.entitlement_version v where v.workspace_id = p_workspace);
        v_result := 'U';
        if found then
            v_taken := v_lane.taken_of_all;
            if v_lane.remaining - v_taken < p_amount then
                v_result := 'D';
            end if;
        end if;
    end if;
    v_bound := set_config('plg.workspace_id', v_binding, true);
    if v_result = 'U' then
        return v_result;
    end if;
    return concat_ws(';', v_result, v_lane.seq, v_lane.used, v_lane.held, v_lane.lim, v_lane.remaining, v_lane.overage, v_taken, v_lane.bucket,
                     case when v_result = 'T' then pg_current_xact_id()::text else '' end,
                     (extract(epoch from v_lane.period_start) * 1000000)::bigint, (extract(epoch from v_lane.period_end) * 1000000)::bigint);
end
$$;

-- Binds to a workspace, reads meters and what the workspace has, and leaves the binding as it was. With p_lock the meters are this transaction's until its end. Users
-- are '' for the workspace. Returns the states, what was taken from the lanes since, and the facts that had not ended when the meters were stored: all of them if one
-- was not, or none is asked for.
create function plg.usage_open(
    p_workspace text, p_actor text, p_features text[], p_users text[], p_lock boolean,
    out refused text, out version bigint, out facts text, out states text[], out taken bigint[], out database_micros bigint)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_binding text := coalesce(current_setting('plg.workspace_id', true), '');
    v_since   timestamptz := 'infinity';
    v_state   text;
    v_as_of   timestamptz;
    v_taken   bigint;
    v_lanes   bigint;
    v_slots   bigint;
begin
    if p_lock then
        refused := plg_directory.admit(p_workspace, p_actor, null);
    else
        refused := plg_directory.refusal(p_workspace, p_actor);
    end if;
    if refused is not null then
        return;
    end if;
    perform set_config('plg.workspace_id', p_workspace, true);
    states := '{}';
    taken := '{}';
    if cardinality(p_features) = 0 then
        v_since := '-infinity';
    end if;
    for i in 1 .. cardinality(p_features) loop
        v_taken := 0;
        if p_lock then
            -- The lanes come first: whoever has taken from one in this transaction has it already, and must not wait for somebody who waits for it.
            if p_users[i] = '' then
                for v_look in 1 .. 3 loop
                    select coalesce(sum(l.taken), 0), count(*), max(l.slots) into v_taken, v_lanes, v_slots
                    from (select o.taken, o.slots from plg.usage_lane o
                          where o.workspace_id = p_workspace and o.feature = p_features[i]
                          order by o.slot for update) l;
                    -- Once more only for lanes that were made by whoever had the first one before.
                    exit when v_lanes >= v_slots;
                    if v_lanes = 0 then
                        insert into plg.usage_lane
                            (workspace_id, feature, slot, slots, amount, taken, seq, basis, version, until, denies, used, held, lim, remaining, overage,
                             bucket)
                        values (p_workspace, p_features[i], 0, 1, 0, 0, 0, 0, -1, '-infinity', false, 0, 0, 0, 0, 0, 'plan')
                        on conflict do nothing;
                    end if;
                end loop;
            end if;
            select m.state, m.as_of into v_state, v_as_of from plg.usage_meter m
            where m.workspace_id = p_workspace and m.feature = p_features[i] and m.user_id = p_users[i]
            for update;
            if not found then
                insert into plg.usage_meter (workspace_id, feature, user_id) values (p_workspace, p_features[i], p_users[i])
                on conflict do nothing;
                select m.state, m.as_of into v_state, v_as_of from plg.usage_meter m
                where m.workspace_id = p_workspace and m.feature = p_features[i] and m.user_id = p_users[i]
                for update;
            end if;
        else
            -- In one statement, so that both are of the same moment.
            select m.state, m.as_of, case when p_users[i] = '' then (
                       select coalesce(sum(l.taken), 0) from plg.usage_lane l
                       where l.workspace_id = p_workspace and l.feature = p_features[i]) else 0 end
            into v_state, v_as_of, v_taken
            from plg.usage_meter m
            where m.workspace_id = p_workspace and m.feature = p_features[i] and m.user_id = p_users[i];
        end if;
        states := array_append(states, v_state);
        taken := array_append(taken, coalesce(v_taken, 0));
        v_since := least(v_since, coalesce(v_as_of, '-infinity'));
    end loop;
    if p_lock then
        if not exists (select from plg.entitlement_version v where v.workspace_id = p_workspace) then
            insert into plg.entitlement_version (workspace_id, version) values (p_workspace, 0) on conflict do nothing;
        end if;
    end if;
    select (select v.version from plg.entitlement_version v where v.workspace_id = p_workspace),
           (select coalesce(json_agg(json_build_array(
                       e.id, e.kind, e.feature, (extract(epoch from e.effective_at) * 1000000)::bigint,
                       (extract(epoch from e.ends_at) * 1000000)::bigint, (extract(epoch from e.stated_at) * 1000000)::bigint, e.version, e.body)), '[]')::text
            from plg.entitlement e
            where e.workspace_id = p_workspace and (e.ends_at is null or e.ends_at > v_since))
    into version, facts;
    version := coalesce(version, 0);
    database_micros := (extract(epoch from clock_timestamp()) * 1000000)::bigint;
    perform set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Binds to a workspace, stores meters with their lanes, entries of the ledger and events, and leaves the binding as it was. The meters have been opened with a lock.
create function plg.usage_store(p_workspace text, p_meters jsonb, p_entries jsonb, p_events jsonb, p_noted boolean) returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_binding text := coalesce(current_setting('plg.workspace_id', true), '');
    v_bound   text := set_config('plg.workspace_id', p_workspace, true);
    v_meter   jsonb;
    v_lane    jsonb;
begin
    for v_meter in select jsonb_array_elements(p_meters) loop
        update plg.usage_meter m
        set state = v_meter ->> 'state', used = (v_meter ->> 'used')::numeric, held = (v_meter ->> 'held')::numeric,
            as_of = (v_meter ->> 'asOf')::timestamptz
        where m.workspace_id = p_workspace and m.feature = v_meter ->> 'feature' and m.user_id = v_meter ->> 'user';
        if not found then
            raise exception 'the meter of % is not there any more', v_meter ->> 'feature' using errcode = '40001';
        end if;
        v_lane := v_meter -> 'lane';
        if v_lane is not null then
            insert into plg.usage_lane as l
                (workspace_id, feature, slot, slots, amount, taken, seq, basis, version, until, denies, used, held, lim, remaining, overage,
                 period_start, period_end, bucket)
            select p_workspace, v_meter ->> 'feature', a.slot - 1, jsonb_array_length(v_meter -> 'amounts'), a.amount::bigint, 0, 0, x.basis, x.version, x.until, x.denies, x.used, x.held, x.lim,
                   x.remaining, x.overage, x.period_start, x.period_end, x.bucket
            from jsonb_array_elements_text(v_meter -> 'amounts') with ordinality as a (amount, slot),
                 jsonb_to_record(v_lane) as x (basis bigint, version bigint, until timestamptz, denies boolean, used bigint, held bigint, lim bigint,
                                               remaining bigint, overage bigint, period_start timestamptz, period_end timestamptz, bucket text)
            on conflict (workspace_id, feature, slot) do update
                set slots = excluded.slots, amount = excluded.amount, taken = 0, basis = excluded.basis, version = excluded.version, until = excluded.until,
                    denies = excluded.denies, used = excluded.used, held = excluded.held, lim = excluded.lim, remaining = excluded.remaining,
                    overage = excluded.overage, period_start = excluded.period_start, period_end = excluded.period_end, bucket = excluded.bucket;
            if exists (select from plg.usage_lane l
                       where l.workspace_id = p_workspace and l.feature = v_meter ->> 'feature'
                         and l.slot = jsonb_array_length(v_meter -> 'amounts')) then
                update plg.usage_lane l set amount = 0, taken = 0, denies = false
                where l.workspace_id = p_workspace and l.feature = v_meter ->> 'feature' and l.slot >= jsonb_array_length(v_meter -> 'amounts')
                  and (l.amount > 0 or l.taken > 0 or l.denies);
            end if;
        end if;
    end loop;
    if p_entries is not null then
        insert into plg.usage_entry
            (workspace_id, feature, slot, seq, kind, amount, held, parts, recorded_at, period_start, actor_id, hold_id, refers_to)
        select p_workspace, e.feature, e.slot, e.seq, e.kind, e.amount, e.held, e.parts, e.at, e.period, e.actor, e.hold, e.refers
        from jsonb_to_recordset(p_entries) as e (feature text, slot smallint, seq bigint, kind text, amount numeric, held numeric, parts text,
                                                 at timestamptz, period timestamptz, actor text, hold uuid, refers text);
    end if;
    if p_events is not null then
        insert into plg.growth_event (workspace_id, id, type, version, occurred_at, user_id, data)
        select p_workspace, e.id, e.type, e.version, e.time, e."userId", e.data
        from jsonb_to_recordset(p_events)
            as e (id uuid, type text, version smallint, time timestamptz, "userId" text, data jsonb);
    end if;
    if p_noted then
        perform plg_directory.note_change('gates', p_workspace);
    end if;
    v_bound := set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Binds to a workspace, reads the ledger, and leaves the binding as it was: the entries of a reservation, the one at a place with those that refer to it, or all of a
-- feature.
create function plg.usage_entries(p_workspace text, p_hold uuid, p_feature text, p_slot integer, p_seq bigint)
returns table (feature text, slot smallint, seq bigint, kind text, amount numeric, held numeric, parts text, recorded_at bigint, period_start bigint,
               actor_id text, hold_id uuid, refers_to text, refused text)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_binding text := coalesce(current_setting('plg.workspace_id', true), '');
    v_refused text := plg_directory.refusal(p_workspace, null);
begin
    if v_refused is not null then
        refused := v_refused;
        return next;
        return;
    end if;
    perform set_config('plg.workspace_id', p_workspace, true);
    if p_hold is not null then
        return query select o.feature::text, o.slot, o.seq, o.kind::text, o.amount, o.held, o.parts::text,
                   (extract(epoch from o.recorded_at) * 1000000)::bigint, (extract(epoch from o.period_start) * 1000000)::bigint,
                   o.actor_id::text, o.hold_id, o.refers_to::text, null::text from plg.usage_entry o
            where o.workspace_id = p_workspace and o.hold_id = p_hold order by o.slot, o.seq;
    elsif p_slot is not null then
        return query select o.feature::text, o.slot, o.seq, o.kind::text, o.amount, o.held, o.parts::text,
                   (extract(epoch from o.recorded_at) * 1000000)::bigint, (extract(epoch from o.period_start) * 1000000)::bigint,
                   o.actor_id::text, o.hold_id, o.refers_to::text, null::text from plg.usage_entry o
            where o.workspace_id = p_workspace and o.feature = p_feature and o.slot = p_slot and o.seq = p_seq
            union all
            select o.feature::text, o.slot, o.seq, o.kind::text, o.amount, o.held, o.parts::text,
                   (extract(epoch from o.recorded_at) * 1000000)::bigint, (extract(epoch from o.period_start) * 1000000)::bigint,
                   o.actor_id::text, o.hold_id, o.refers_to::text, null::text from plg.usage_entry o
            where o.workspace_id = p_workspace and o.feature = p_feature and o.refers_to = p_slot || '.' || p_seq;
    else
        return query select o.feature::text, o.slot, o.seq, o.kind::text, o.amount, o.held, o.parts::text,
                   (extract(epoch from o.recorded_at) * 1000000)::bigint, (extract(epoch from o.period_start) * 1000000)::bigint,
                   o.actor_id::text, o.hold_id, o.refers_to::text, null::text from plg.usage_entry o
            where o.workspace_id = p_workspace and o.feature = p_feature order by o.slot, o.seq;
    end if;
    perform set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Of a workspace whose deletion has begun, makes the lanes worthless by raising the version. Returns whether that was done: it is not if a transaction that has changed
-- what the workspace has keeps it from being done.
create function plg_directory.end_lanes(p_workspace text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set lock_timeout = '5s'
as $$
declare
    v_binding text    := coalesce(current_setting('plg.workspace_id', true), '');
    v_done    boolean := true;
begin
    if not exists (select from plg_directory.deleted_workspace d where d.workspace_id = p_workspace) then
        raise exception 'the deletion of this workspace has not begun' using errcode = '55000';
    end if;
    perform set_config('plg.workspace_id', p_workspace, true);
    begin
        update plg.entitlement_version v set version = v.version + 1 where v.workspace_id = p_workspace;
    exception when lock_not_available then
        v_done := false;
    end;
    perform set_config('plg.workspace_id', v_binding, true);
    return v_done;
end
$$;

-- Removes the rows of a user who is being erased, from the p_limit workspaces after p_after, and leaves the binding as it was. Rows with actor_id are
-- those of a ledger: they stay, without it, and no more than 5000 are changed at once. Returns after which workspace to go on, null if there was none, and how many
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
        for v_table in select t.name from plg_directory.tenant_tables() t
                       where exists (select from pg_attribute a where a.attrelid = t.id and a.attname = 'actor_id' and not a.attisdropped) loop
            execute format('select array(select ctid from %s where workspace_id = $1 and actor_id = $2 limit $3)', v_table.name)
                into v_rows using v_workspace, p_user, v_left;
            v_left := v_left - cardinality(v_rows);
            execute format('update %s set actor_id = null where ctid = any ($1) and workspace_id = $2 and actor_id = $3', v_table.name)
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

revoke all on all tables in schema plg from public;
revoke all on all functions in schema plg, plg_directory from public;
