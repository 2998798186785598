-- plg, schema version 8: virality. PostgreSQL 15 and later.

-- Sums over the users who became members on a day in UTC: who completed the step of the funnel then. What they did counts for window_micros from then on, and invitations are summed
-- up whether or not any is known in the program. A day is missing if nobody has asked for it, or nobody became a member; a row is out of date if a change is noted
-- of a user who became a member on that day.
create table plg.virality_day (
    workspace_id  varchar(128) collate "C" not null,
    program       varchar(128) collate "C" not null,
    funnel        varchar(128) collate "C" not null,
    step          varchar(128) collate "C" not null,
    window_micros bigint                   not null,
    day           date                     not null,
    members       bigint                   not null,
    invitations   bigint                   not null,
    senders       bigint                   not null,
    converted     bigint                   not null,
    squares       bigint                   not null,
    primary key (workspace_id, program, funnel, step, window_micros, day)
);
create index virality_day_changed on plg.virality_day (workspace_id, funnel, step, day);

-- Users of whom something changed that is counted: insert only, so that no write waits for another one. Whether the user is a member, and since when, is looked up when
-- the note is read. Whoever writes cannot know: another transaction may be making the user a member at the same time, and would not see what this one writes.
create table plg.virality_change (
    workspace_id varchar(128) collate "C" not null,
    user_id      varchar(128) collate "C" not null,
    id           uuid                     not null,
    primary key (workspace_id, id)
);
create index virality_change_user on plg.virality_change (workspace_id, user_id);

-- Leads to the members of a day. The time comes second, so that nobody who looks for a step of one user is led here: of tables that were just filled the planner could not tell what costs less.
create index activation_step_completed on plg.activation_step (workspace_id, completed_at, funnel, step);

alter table plg.virality_day enable row level security;
alter table plg.virality_day force row level security;
create policy workspace on plg.virality_day
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.virality_day as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

alter table plg.virality_change enable row level security;
alter table plg.virality_change force row level security;
create policy workspace on plg.virality_change
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.virality_change as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

-- Binds to a workspace, notes that something changed of users, and leaves the binding as it was. To be called in the transaction of the change, which has asked whether the workspace is
-- there.
create function plg.note_virality(p_workspace text, p_users text[]) returns void
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_binding text := coalesce(current_setting('plg.workspace_id', true), '');
begin
    perform set_config('plg.workspace_id', p_workspace, true);
    insert into plg.virality_change (workspace_id, user_id, id)
    select p_workspace, u.id, gen_random_uuid() from (select distinct x.id from unnest(p_users) as x (id)) u;
    perform set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Of the bound workspace, sums over the members from p_from until before p_to, by the day on which they became so; from the facts. Of a table that was just filled the planner cannot tell what
-- leads to one row from what leads to all of a program, and would read all for each member. So here and below a look-up asks for the order that only the right index gives, and nothing may be sorted;
-- two limits that are equal stand for = where the order would be void otherwise.
create function plg.virality_facts(
    p_workspace text, p_program text, p_funnel text, p_step text, p_window bigint, p_from timestamptz, p_to timestamptz)
returns table (day date, members bigint, invitations bigint, senders bigint, converted bigint, squares bigint)
language sql stable security invoker
set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_hashjoin = off set enable_mergejoin = off set jit = off
as $$
    select m.day, count(*), sum(m.invited)::bigint, count(*) filter (where m.invited > 0), sum(m.brought)::bigint, sum(m.brought * m.brought)::bigint
    from (select (a.completed_at at time zone 'UTC')::date as day,
                 (select count(*)
                  from (select from plg.referral_invitation i
                        where i.workspace_id = p_workspace and i.program = p_program and i.user_id = a.user_id
                          and i.sent_at >= a.completed_at and i.sent_at <= a.completed_at + p_window * interval '1 microsecond'
                        order by i.sent_at) x) as invited,
                 (select count(*)
                  from (select c.stages from plg.referral c
                        where c.workspace_id = p_workspace and c.program = p_program
                          and c.parent_id = (select p.id from plg.referral p
                                             where p.workspace_id = p_workspace and p.program = p_program
                                               and p.actor_id >= a.user_id and p.actor_id <= a.user_id
                                             order by p.actor_id limit 1)
                        order by c.bound_at) x
                  where (x.stages ->> 'activation')::bigint - (extract(epoch from a.completed_at) * 1000000)::bigint between 0 and p_window) as brought
          from (select o.user_id, o.completed_at from plg.activation_step o
                where o.workspace_id = p_workspace and o.funnel = p_funnel and o.step = p_step and o.completed_at >= p_from and o.completed_at < p_to
                order by o.completed_at) a) m
    group by m.day
$$;

-- Of the bound workspace, the days from p_first until before p_last on which somebody became a member and whose sums are missing or out of date. It goes from the first member of a day to
-- the first one of a later day, and so reads no more of the members than there are days.
create function plg.virality_days_to_do(
    p_workspace text, p_program text, p_funnel text, p_step text, p_window bigint, p_first date, p_last date)
returns setof date
language sql stable security invoker
set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set jit = off
as $$
    with recursive populated (day) as (
        select (select (a.completed_at at time zone 'UTC')::date from plg.activation_step a
                where a.workspace_id = p_workspace and a.funnel = p_funnel and a.step = p_step
                  and a.completed_at >= p_first::timestamp at time zone 'UTC' and a.completed_at < p_last::timestamp at time zone 'UTC'
                order by a.completed_at limit 1)
        union all
        select (select (a.completed_at at time zone 'UTC')::date from plg.activation_step a
                where a.workspace_id = p_workspace and a.funnel = p_funnel and a.step = p_step
                  and a.completed_at >= (d.day + 1)::timestamp at time zone 'UTC' and a.completed_at < p_last::timestamp at time zone 'UTC'
                order by a.completed_at limit 1)
        from populated d where d.day is not null
    ), changed as materialized (
        select distinct (a.completed_at at time zone 'UTC')::date as day
        from (select distinct n.user_id from plg.virality_change n where n.workspace_id = p_workspace) c
        cross join lateral (select o.completed_at from plg.activation_step o
                            where o.workspace_id = p_workspace and o.funnel = p_funnel and o.user_id >= c.user_id and o.user_id <= c.user_id
                              and o.step = p_step
                            order by o.user_id limit 1) a
    )
    select d.day from populated d
    where d.day is not null
      and (d.day in (select c.day from changed c)
           or not exists (select from plg.virality_day v
                          where v.workspace_id = p_workspace and v.program = p_program and v.funnel = p_funnel and v.step = p_step
                            and v.window_micros = p_window and v.day = d.day))
$$;

-- Of the bound workspace, sums over the members from p_from until before p_to, and whether any invitation is known in the program: whole days from what is kept, unless p_facts, the
-- rest from the facts. Stable, so that all its looks see the same moment.
create function plg.virality_sums(
    p_workspace text, p_program text, p_funnel text, p_step text, p_window bigint, p_from timestamptz, p_to timestamptz, p_facts boolean,
    out members bigint, out invitations bigint, out senders bigint, out converted bigint, out squares bigint, out invited boolean)
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_first date   := ((p_from + interval '24 hours' - interval '1 microsecond') at time zone 'UTC')::date;
    v_last  date   := (p_to at time zone 'UTC')::date;
    v_to_do date[];
begin
    invited := exists (select from plg.referral_invitation i where i.workspace_id = p_workspace and i.program = p_program);
    if p_facts or v_first >= v_last then
        select coalesce(sum(f.members), 0), coalesce(sum(f.invitations), 0), coalesce(sum(f.senders), 0), coalesce(sum(f.converted), 0),
               coalesce(sum(f.squares), 0)
        into members, invitations, senders, converted, squares
        from plg.virality_facts(p_workspace, p_program, p_funnel, p_step, p_window, p_from, p_to) f;
        return;
    end if;
    v_to_do := array(select t.day from plg.virality_days_to_do(p_workspace, p_program, p_funnel, p_step, p_window, v_first, v_last) as t (day));
    select coalesce(sum(x.members), 0), coalesce(sum(x.invitations), 0), coalesce(sum(x.senders), 0), coalesce(sum(x.converted), 0),
           coalesce(sum(x.squares), 0)
    into members, invitations, senders, converted, squares
    from (select v.members, v.invitations, v.senders, v.converted, v.squares
          from plg.virality_day v
          where v.workspace_id = p_workspace and v.program = p_program and v.funnel = p_funnel and v.step = p_step and v.window_micros = p_window
            and v.day >= v_first and v.day < v_last and not v.day = any (v_to_do)
          union all
          select f.members, f.invitations, f.senders, f.converted, f.squares
          from (select t.day::timestamp at time zone 'UTC' as from_time, (t.day + 1)::timestamp at time zone 'UTC' as to_time from unnest(v_to_do) as t (day)
                union all
                select p_from, v_first::timestamp at time zone 'UTC'
                union all
                select v_last::timestamp at time zone 'UTC', p_to) r
          cross join lateral plg.virality_facts(p_workspace, p_program, p_funnel, p_step, p_window, r.from_time, r.to_time) f) x;
end
$$;

-- Binds to a workspace, counts as virality_sums, and leaves the binding as it was. Unless p_facts, first brings up to date what is kept, as far as it is asked for: not in a transaction that is
-- read only, nor in one whose statements all see the moment at which it began, nor while somebody else is about it, because that one may be a long time.
--
-- Why what is kept is never older than the notes say. Let a write and its note be one transaction W. A note is removed only here, under the lock of the workspace, by a statement that sees
-- it; with it go all sums over days that it concerns. Sums are stored only here, under the same lock, by a later statement. That one sees
--   * every W whose note was removed by this or an earlier holder of the lock: a holder lets go of it after its commit, and sees no note of a W that is not committed;
--   * no other sums but those that are as new as the notes say.
-- So of a W that a stored sum lacks, the note is still there, for whoever sees W, and says that the sum is out of date. A note of a user who is no member yet may go: making the user one notes
-- the user again, and if that has been committed but is not seen here, that note is not seen either and stays.
create function plg.viral_counts(
    p_workspace text, p_program text, p_funnel text, p_step text, p_window bigint, p_from timestamptz, p_to timestamptz, p_facts boolean,
    out refused text, out members bigint, out invitations bigint, out senders bigint, out converted bigint, out squares bigint, out invited boolean)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_binding text := coalesce(current_setting('plg.workspace_id', true), '');
    v_first   date := ((p_from + interval '24 hours' - interval '1 microsecond') at time zone 'UTC')::date;
    v_last    date := (p_to at time zone 'UTC')::date;
begin
    refused := plg_directory.refusal(p_workspace, null);
    if refused is not null then
        return;
    end if;
    perform set_config('plg.workspace_id', p_workspace, true);
    if not p_facts and v_first < v_last
       and current_setting('transaction_read_only') = 'off' and current_setting('transaction_isolation') = 'read committed'
       and exists (select from plg.virality_days_to_do(p_workspace, p_program, p_funnel, p_step, p_window, v_first, v_last))
       and pg_try_advisory_xact_lock(1886152566, hashtext(p_workspace)) then
        perform plg.settle_virality(p_workspace);
        insert into plg.virality_day
            (workspace_id, program, funnel, step, window_micros, day, members, invitations, senders, converted, squares)
        select p_workspace, p_program, p_funnel, p_step, p_window, f.day, f.members, f.invitations, f.senders, f.converted, f.squares
        from plg.virality_days_to_do(p_workspace, p_program, p_funnel, p_step, p_window, v_first, v_last) as t (day)
        cross join lateral plg.virality_facts(p_workspace, p_program, p_funnel, p_step, p_window,
                                              t.day::timestamp at time zone 'UTC', (t.day + 1)::timestamp at time zone 'UTC') f
        on conflict do nothing;
    end if;
    select s.members, s.invitations, s.senders, s.converted, s.squares, s.invited
    into members, invitations, senders, converted, squares, invited
    from plg.virality_sums(p_workspace, p_program, p_funnel, p_step, p_window, p_from, p_to, p_facts) s;
    perform set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Of the bound workspace, whose lock is held, removes the notes that this sees and all sums over the days that they concern, of whatever program, funnel and window. One statement: it must
-- remove no note but those whose days it looks up.
create function plg.settle_virality(p_workspace text) returns void
language sql volatile security invoker
set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set jit = off
as $$
    with settled as (
        delete from plg.virality_change c where c.workspace_id = p_workspace returning c.user_id
    ), users as materialized (
        select distinct s.user_id from settled s
    ), kept as materialized (
        select distinct v.funnel, v.step from plg.virality_day v where v.workspace_id = p_workspace
    ), days as materialized (
        select distinct k.funnel, k.step, (a.completed_at at time zone 'UTC')::date as day
        from users u
        cross join kept k
        cross join lateral (select o.completed_at from plg.activation_step o
                            where o.workspace_id = p_workspace and o.funnel = k.funnel and o.user_id >= u.user_id and o.user_id <= u.user_id
                              and o.step = k.step
                            order by o.user_id limit 1) a
    )
    delete from plg.virality_day v using days d
    where v.workspace_id = p_workspace and v.funnel = d.funnel and v.step = d.step and v.day = d.day
$$;

-- When completions are removed, as those of an erased user are, so are the sums that they are in. Under the lock, or somebody who still sees them could be about to store a sum.
create function plg.forget_virality() returns trigger
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
begin
    perform pg_advisory_xact_lock(1886152566, w.hash)
    from (select distinct hashtext(g.workspace_id) as hash from gone g order by 1) w;
    delete from plg.virality_day v
    using (select distinct g.workspace_id, g.funnel, g.step, (g.completed_at at time zone 'UTC')::date as day from gone g) d
    where v.workspace_id = d.workspace_id and v.funnel = d.funnel and v.step = d.step and v.day = d.day;
    return null;
end
$$;
create trigger forget_virality after delete on plg.activation_step
    referencing old table as gone for each statement execute function plg.forget_virality();

-- Of the bound workspace, for each referred user who was activated from p_from until before p_to, in microseconds since 1970, the time since the activation of the referrer.
create function plg.virality_turns(p_workspace text, p_program text, p_funnel text, p_step text, p_from bigint, p_to bigint) returns setof bigint
language sql stable security invoker
set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_mergejoin = off set jit = off
as $$
    select (c.stages ->> 'activation')::bigint - (extract(epoch from a.completed_at) * 1000000)::bigint
    from plg.referral c
    cross join lateral (select o.actor_id from plg.referral o
                        where o.workspace_id = p_workspace and o.program = p_program and o.id >= c.parent_id and o.id <= c.parent_id
                        order by o.id limit 1) p
    cross join lateral (select o.completed_at from plg.activation_step o
                        where o.workspace_id = p_workspace and o.funnel = p_funnel and o.user_id >= p.actor_id and o.user_id <= p.actor_id
                          and o.step = p_step
                        order by o.user_id limit 1) a
    where c.workspace_id = p_workspace and c.program = p_program
      and (c.stages ->> 'activation')::bigint >= p_from and (c.stages ->> 'activation')::bigint < p_to
$$;

revoke all on all tables in schema plg from public;
revoke all on all functions in schema plg from public;
