-- plg, schema version 5: upgrade prompts. PostgreSQL 15 and later.

-- A prompt that a user was shown, and what became of it. severity: 0 OK, 1 APPROACHING, 2 AT_LIMIT, 3 GRACE, 4 BLOCKED.
create table plg.prompt (
    workspace_id  varchar(128) collate "C" not null,
    id            uuid                     not null,
    user_id       varchar(128) collate "C" not null,
    feature       varchar(128) collate "C" not null,
    severity      smallint                 not null,
    offered_plan  varchar(128) collate "C",
    experiment    varchar(128) collate "C",
    variant       varchar(128) collate "C",
    shown_at      timestamptz              not null,
    clicked_at    timestamptz,
    dismissed_at  timestamptz,
    snoozed_until timestamptz,
    upgraded_at   timestamptz,
    primary key (workspace_id, id)
);
create index prompt_of_user on plg.prompt (workspace_id, user_id, shown_at);
create index prompt_shown on plg.prompt (workspace_id, shown_at);
create index prompt_dismissed on plg.prompt (workspace_id, user_id, dismissed_at) where dismissed_at is not null;
create index prompt_snoozed on plg.prompt (workspace_id, user_id, snoozed_until) where snoozed_until is not null;

-- One row per user, whose lock orders the prompts of one user. offers counts how often one was about to be shown: counting is what locks, also in
-- transactions that could not see what another one has committed since they began.
create table plg.prompt_user (
    workspace_id varchar(128) collate "C" not null,
    user_id      varchar(128) collate "C" not null,
    offers       bigint                   not null,
    primary key (workspace_id, user_id)
) with (fillfactor = 75);

alter table plg.prompt enable row level security;
alter table plg.prompt force row level security;
create policy workspace on plg.prompt
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.prompt as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

alter table plg.prompt_user enable row level security;
alter table plg.prompt_user force row level security;
create policy workspace on plg.prompt_user
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.prompt_user as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

-- Binds to a workspace, stores a prompt if it may be shown, and leaves the binding as it was. It may be if none for the feature is snoozed and, unless
-- p_always, the user was shown fewer than p_most after p_window, and none for the feature that was as severe or more after p_cool_down, and dismissed
-- none after p_dismissed. If p_always and the same was shown after p_cool_down, that is the one. Returns the id and the time of what is to be shown,
-- or nothing.
create function plg.offer_prompt(
    p_workspace text, p_user text, p_id uuid, p_feature text, p_severity integer, p_plan text, p_experiment text, p_variant text,
    p_at timestamptz, p_always boolean, p_most integer, p_window timestamptz, p_cool_down timestamptz, p_dismissed timestamptz,
    out refused text, out prompt_id uuid, out prompt_at bigint)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_binding text    := coalesce(current_setting('plg.workspace_id', true), '');
    v_locked  boolean := false;
    v_allowed boolean;
    v_at      timestamptz;
begin
    perform set_config('plg.workspace_id', p_workspace, true);
    loop
        -- Each question has an index that leads to what is recent enough to matter.
        v_allowed := not exists (select from plg.prompt p
                                 where p.workspace_id = p_workspace and p.user_id = p_user and p.snoozed_until > p_at and p.feature = p_feature)
            and (p_always
                 or (select count(*) from plg.prompt p
                     where p.workspace_id = p_workspace and p.user_id = p_user and p.shown_at > p_window) < p_most
                    and not exists (select from plg.prompt p
                                    where p.workspace_id = p_workspace and p.user_id = p_user and p.shown_at > p_cool_down and p.feature = p_feature
                                      and p.severity >= p_severity)
                    and not exists (select from plg.prompt p
                                    where p.workspace_id = p_workspace and p.user_id = p_user and p.dismissed_at > p_dismissed and p.feature = p_feature
                                      and p.severity >= p_severity));
        if v_allowed and p_always then
            select p.id, p.shown_at into prompt_id, v_at
            from plg.prompt p
            where p.workspace_id = p_workspace and p.user_id = p_user and p.shown_at > p_cool_down and p.feature = p_feature
              and p.severity = p_severity and p.upgraded_at is null and p.offered_plan is not distinct from p_plan
              and p.experiment is not distinct from p_experiment and p.variant is not distinct from p_variant
            order by p.shown_at desc, p.id desc limit 1;
        end if;
        if not v_allowed or prompt_id is not null then
            refused := plg_directory.refusal(p_workspace, p_user);
            exit;
        end if;
        if v_locked then
            insert into plg.prompt (workspace_id, id, user_id, feature, severity, offered_plan, experiment, variant, shown_at)
            values (p_workspace, p_id, p_user, p_feature, p_severity, p_plan, p_experiment, p_variant, p_at);
            prompt_id := p_id;
            v_at := p_at;
            exit;
        end if;
        refused := plg_directory.admit(p_workspace, p_user, null);
        exit when refused is not null;
        insert into plg.prompt_user as u (workspace_id, user_id, offers) values (p_workspace, p_user, 1)
        on conflict (workspace_id, user_id) do update set offers = u.offers + 1;
        v_locked := true; -- the next look sees what those stored who had the lock before
    end loop;
    prompt_at := (extract(epoch from v_at) * 1000000)::bigint;
    perform set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Binds to a workspace, notes what became of a prompt ('clicked', 'dismissed', 'upgraded', or 'snoozed' until p_at), and leaves the binding as it was.
-- Returns whether that is news: nothing is of a prompt that is upgraded.
create function plg.mark_prompt(p_workspace text, p_id uuid, p_what text, p_at timestamptz, out refused text, out marked boolean)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_binding text := coalesce(current_setting('plg.workspace_id', true), '');
begin
    marked := false;
    refused := plg_directory.refusal(p_workspace, null);
    if refused is not null then
        return;
    end if;
    perform set_config('plg.workspace_id', p_workspace, true);
    update plg.prompt p
    set clicked_at    = case when p_what = 'clicked' then p_at else p.clicked_at end,
        dismissed_at  = case when p_what = 'dismissed' then p_at else p.dismissed_at end,
        snoozed_until = case when p_what = 'snoozed' then p_at else p.snoozed_until end,
        upgraded_at   = case when p_what = 'upgraded' then p_at end
    where p.workspace_id = p_workspace and p.id = p_id and p.upgraded_at is null
      and case p_what when 'clicked' then p.clicked_at is null
                      when 'dismissed' then p.dismissed_at is null
                      when 'snoozed' then coalesce(p.snoozed_until < p_at, true)
                      else p_what = 'upgraded' end;
    marked := found;
    perform set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Binds to a workspace that was upgraded, notes that of each user's latest prompt that offered a plan and was shown since p_since, unless the user has
-- an upgrade that was noted at that time or later, and leaves the binding as it was. Returns of how many.
create function plg.mark_prompts_upgraded(
    p_workspace text, p_since timestamptz, p_at timestamptz, out refused text, out marked bigint)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_binding text := coalesce(current_setting('plg.workspace_id', true), '');
begin
    refused := plg_directory.refusal(p_workspace, null);
    if refused is not null then
        return;
    end if;
    perform set_config('plg.workspace_id', p_workspace, true);
    update plg.prompt p set upgraded_at = p_at
    where p.workspace_id = p_workspace and p.shown_at >= p_since and p.offered_plan is not null and p.upgraded_at is null
      and not exists (
          select from plg.prompt o
          where o.workspace_id = p_workspace and o.user_id = p.user_id
            and (o.upgraded_at >= p.shown_at
                 or o.offered_plan is not null and (o.shown_at, o.id) > (p.shown_at, p.id)));
    get diagnostics marked = row_count;
    perform set_config('plg.workspace_id', v_binding, true);
end
$$;

revoke all on all tables in schema plg from public;
revoke all on all functions in schema plg from public;
