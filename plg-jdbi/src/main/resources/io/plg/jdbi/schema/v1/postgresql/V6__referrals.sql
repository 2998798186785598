-- plg, schema version 6: referrals. PostgreSQL 15 and later.

-- By what a workspace hashes what it may not keep, such as e-mail addresses.
create table plg.referral_secret (
    workspace_id varchar(128) collate "C" primary key,
    secret       bytea not null
);

-- Codes by which users refer others, and by which they share something (artefact is not empty then).
create table plg.referral_code (
    workspace_id varchar(128) collate "C" not null,
    program      varchar(128) collate "C" not null,
    user_id      varchar(128) collate "C" not null,
    artefact     varchar(128) collate "C" not null,
    code         varchar(32) collate "C"  not null,
    active       boolean                  not null,
    created_at   timestamptz              not null,
    primary key (workspace_id, program, user_id, artefact)
);
create unique index referral_code_code on plg.referral_code (workspace_id, code);
create index referral_code_user on plg.referral_code (workspace_id, user_id);

-- How often something shared was viewed, spread over rows so that views do not wait for each other. The user is the one who shares.
create table plg.share_view (
    workspace_id varchar(128) collate "C" not null,
    user_id      varchar(128) collate "C" not null,
    code         varchar(32) collate "C"  not null,
    slot         smallint                 not null,
    views        bigint                   not null,
    primary key (workspace_id, code, slot)
) with (fillfactor = 50);
create index share_view_user on plg.share_view (workspace_id, user_id);

-- By what a person may be recognised, as hashes with the secret of the workspace. bound_at is when the person was referred by somebody of the workspace.
create table plg.referral_trace (
    workspace_id varchar(128) collate "C" not null,
    user_id      varchar(128) collate "C" not null,
    email_hash   varchar(64) collate "C",
    domain_hash  varchar(64) collate "C",
    device_hash  varchar(64) collate "C",
    ip_hash      varchar(64) collate "C",
    bound_at     timestamptz,
    primary key (workspace_id, user_id)
);
create index referral_trace_device on plg.referral_trace (workspace_id, device_hash, bound_at) where device_hash is not null;
create index referral_trace_ip on plg.referral_trace (workspace_id, ip_hash, bound_at) where ip_hash is not null;

-- The members of the graph of each workspace: who was referred by somebody of it, and who has referred. parent_id is the referrer's place; jump_id is an ancestor
-- jump_length generations above, by which any ancestor is found in few steps (skew-binary jump pointers, Myers 1983): distances to ancestors never change, although a root may
-- still be referred later. size counts the member and those below it, as far as they were counted: a member that is not counted has not been added to the ones above.
-- Nobody's size is changed by the binding of somebody else, so that those who are referred by one person do not wait for each other. referral_id is the id of the referral of
-- somebody who had a place before being referred; of all others it is that of the place.
create table plg.referral (
    workspace_id  varchar(128) collate "C" not null,
    program       varchar(128) collate "C" not null,
    id            uuid                     not null,
    actor_id      varchar(128) collate "C",
    parent_id     uuid,
    jump_id       uuid,
    jump_length   integer                  not null,
    size          bigint                   not null,
    counted       boolean                  not null,
    version       integer,
    code          varchar(32) collate "C",
    artefact      varchar(128) collate "C",
    signed_up_at  timestamptz,
    bound_at      timestamptz,
    referral_id   uuid,
    stages        jsonb                    not null,
    standing      smallint                 not null,
    verdict       text collate "C",
    primary key (workspace_id, program, id)
) with (fillfactor = 75);
create unique index referral_actor on plg.referral (workspace_id, program, actor_id) where actor_id is not null;
create index referral_actor_erased on plg.referral (workspace_id, actor_id) where actor_id is not null;
create index referral_parent on plg.referral (workspace_id, program, parent_id, bound_at) where parent_id is not null;
create index referral_uncounted on plg.referral (workspace_id, program, bound_at) where not counted;
create unique index referral_late on plg.referral (workspace_id, program, referral_id) where referral_id is not null;
create index referral_held on plg.referral (workspace_id, program, bound_at) where standing = 1;
create index referral_artefact on plg.referral (workspace_id, program, code) where artefact <> '';

-- Invitations that were sent, by whatever means.
create table plg.referral_invitation (
    workspace_id varchar(128) collate "C" not null,
    program      varchar(128) collate "C" not null,
    user_id      varchar(128) collate "C" not null,
    id           uuid                     not null,
    sent_at      timestamptz              not null,
    primary key (workspace_id, program, id)
);
create index referral_invitation_sender on plg.referral_invitation (workspace_id, program, user_id, sent_at);

-- Who was referred in which program, over all workspaces: hashes of ids, with the workspace of the referrer and the one in which the referred user has first reached a
-- stage. Jumps as in plg.referral.
create table plg_directory.referral (
    program       varchar(128) collate "C" not null,
    user_hash     bytea                    not null,
    referrer_hash bytea,
    workspace_id  varchar(128) collate "C",
    referred_workspace_id varchar(128) collate "C",
    jump_hash     bytea,
    jump_length   integer                  not null,
    primary key (program, user_hash)
) with (fillfactor = 75);
create index referral_workspace on plg_directory.referral (workspace_id) where workspace_id is not null;
create index referral_referred_workspace on plg_directory.referral (referred_workspace_id) where referred_workspace_id is not null;

-- How often somebody was referred who had a place in a program before: changing it lets one such change happen at a time. Others, the frequent ones, cannot close a loop.
create table plg_directory.referral_joins (
    program varchar(128) collate "C" primary key,
    joins   bigint not null
);

alter table plg.referral_secret enable row level security;
alter table plg.referral_secret force row level security;
create policy workspace on plg.referral_secret
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.referral_secret as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

alter table plg.referral_code enable row level security;
alter table plg.referral_code force row level security;
create policy workspace on plg.referral_code
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.referral_code as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

alter table plg.share_view enable row level security;
alter table plg.share_view force row level security;
create policy workspace on plg.share_view
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.share_view as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

alter table plg.referral_trace enable row level security;
alter table plg.referral_trace force row level security;
create policy workspace on plg.referral_trace
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.referral_trace as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

alter table plg.referral enable row level security;
alter table plg.referral force row level security;
create policy workspace on plg.referral
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.referral as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

alter table plg.referral_invitation enable row level security;
alter table plg.referral_invitation force row level security;
create policy workspace on plg.referral_invitation
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));
create policy workspace_only on plg.referral_invitation as restrictive
    using (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')))
    with check (workspace_id = (select nullif(current_setting('plg.workspace_id', true), '')));

-- Binds a user to a referrer over all workspaces, for the bound workspace, unless the user is bound or that would close a loop. Returns 'bound', 'already' or 'loop'.
create function plg_directory.bind_referral(p_program text, p_user bytea, p_referrer bytea) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_workspace text    := nullif(current_setting('plg.workspace_id', true), '');
    v_new       boolean := false; -- whether this transaction has made the user's row, so that nobody can be below it
    v_parent    bytea;
    v_jump      bytea;
    v_length    integer;
    v_next      bytea;
    v_up        integer;
    v_root      bytea;
    v_joining   boolean := false; -- whether this is the only one that joins
begin
    if v_workspace is null or octet_length(p_user) <> 32 or octet_length(p_referrer) <> 32 then
        raise exception 'no workspace is bound, or a hash is not one' using errcode = '55000';
    end if;
    if p_user = p_referrer then
        return 'loop';
    end if;
    -- Whoever refers must have been committed and must stay until this is. New rows are made in one order, because two may refer each other at the same time.
    select r.jump_hash, r.jump_length into v_jump, v_length
    from plg_directory.referral r where r.program = p_program and r.user_hash = p_referrer for key share;
    if not found then
        if p_user < p_referrer then
            insert into plg_directory.referral (program, user_hash, jump_length) values (p_program, p_user, 0) on conflict do nothing;
            v_new := found;
        end if;
        insert into plg_directory.referral (program, user_hash, jump_length) values (p_program, p_referrer, 0) on conflict do nothing;
        select r.jump_hash, r.jump_length into v_jump, v_length
        from plg_directory.referral r where r.program = p_program and r.user_hash = p_referrer for key share;
    end if;
    if v_jump is not null then
        select r.jump_hash, r.jump_length into v_next, v_up from plg_directory.referral r where r.program = p_program and r.user_hash = v_jump;
    end if;
    if v_up = v_length then
        v_jump := v_next;
        v_length := 1 + v_length + v_up;
    else
        v_jump := p_referrer;
        v_length := 1;
    end if;
    if not v_new then
        insert into plg_directory.referral (program, user_hash, referrer_hash, workspace_id, jump_hash, jump_length)
        values (p_program, p_user, p_referrer, v_workspace, v_jump, v_length)
        on conflict do nothing;
        if found then
            return 'bound';
        end if;
        select r.referrer_hash into v_parent from plg_directory.referral r where r.program = p_program and r.user_hash = p_user;
        if v_parent is not null then
            return 'already';
        end if;
        -- The user has a place already, and people below it perhaps. One such change at a time: then all that could close a loop with this one is seen. A loop that is there already
        -- needs nobody to wait.
        loop
            v_root := p_referrer;
            loop
                select r.jump_hash into v_next from plg_directory.referral r where r.program = p_program and r.user_hash = v_root;
                exit when v_next is null;
                v_root := v_next;
            end loop;
            if v_root = p_user then
                return 'loop';
            end if;
            exit when v_joining;
            insert into plg_directory.referral_joins as j (program, joins) values (p_program, 1)
            on conflict (program) do update set joins = j.joins + 1;
            v_joining := true;
        end loop;
    end if;
    update plg_directory.referral r set referrer_hash = p_referrer, workspace_id = v_workspace, jump_hash = v_jump, jump_length = v_length
    where r.program = p_program and r.user_hash = p_user and r.referrer_hash is null;
    return case when found then 'bound' else 'already' end;
end
$$;

-- The workspace of whoever referred a user, or null. There is no other way to read it.
create function plg_directory.referrer_workspace(p_program text, p_user bytea) returns text
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    select r.workspace_id from plg_directory.referral r where r.program = p_program and r.user_hash = p_user
$$;

-- For the bound workspace, whose referral it must be: the workspace in which the referred user has first reached a stage, or null. If none is known it is p_workspace from now on,
-- unless that is null or deleted.
create function plg_directory.referred_in(p_program text, p_user bytea, p_workspace text) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_workspace text := nullif(current_setting('plg.workspace_id', true), '');
begin
    if p_workspace is not null and not exists (select from plg_directory.deleted_workspace d where d.workspace_id = p_workspace) then
        update plg_directory.referral r set referred_workspace_id = p_workspace
        where r.program = p_program and r.user_hash = p_user and r.workspace_id = v_workspace and r.referred_workspace_id is null;
    end if;
    return (select r.referred_workspace_id from plg_directory.referral r
            where r.program = p_program and r.user_hash = p_user and r.workspace_id = v_workspace
              and not exists (select from plg_directory.deleted_workspace d where d.workspace_id = r.referred_workspace_id));
end
$$;

-- How many referrals lead to a user, over all workspaces.
create function plg_directory.referral_depth(p_program text, p_user bytea) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_at     bytea   := p_user;
    v_depth  integer := 0;
    v_jump   bytea;
    v_length integer;
begin
    loop
        select r.jump_hash, r.jump_length into v_jump, v_length from plg_directory.referral r where r.program = p_program and r.user_hash = v_at;
        exit when v_jump is null;
        v_depth := v_depth + v_length;
        v_at := v_jump;
    end loop;
    return v_depth;
end
$$;

-- Binds to a workspace, reads its secret, stores p_secret if there is none, and leaves the binding as it was.
create function plg.referral_secret_of(p_workspace text, p_secret bytea, out refused text, out secret bytea)
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
    secret := (select s.secret from plg.referral_secret s where s.workspace_id = p_workspace);
    if secret is null then
        refused := plg_directory.admit(p_workspace, null, null);
        if refused is null then
            insert into plg.referral_secret (workspace_id, secret) values (p_workspace, p_secret) on conflict do nothing;
            secret := (select s.secret from plg.referral_secret s where s.workspace_id = p_workspace);
        end if;
    end if;
    perform set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Binds to a workspace, reads the code of a user, stores p_code if there is none, notes by what the user may be recognised, and leaves the binding as it was. code is null
-- if p_code belongs to somebody else.
create function plg.referral_code_of(
    p_workspace text, p_program text, p_user text, p_artefact text, p_code text,
    p_email text, p_domain text, p_device text, p_ip text, p_at timestamptz,
    out refused text, out code text, out active boolean, out created_at bigint)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_binding text  := coalesce(current_setting('plg.workspace_id', true), '');
    v_hash    bytea := sha256(convert_to(p_code, 'UTF8'));
begin
    refused := plg_directory.refusal(p_workspace, p_user);
    if refused is not null then
        return;
    end if;
    perform set_config('plg.workspace_id', p_workspace, true);
    select c.code, c.active, (extract(epoch from c.created_at) * 1000000)::bigint into code, active, created_at
    from plg.referral_code c where c.workspace_id = p_workspace and c.program = p_program and c.user_id = p_user and c.artefact = p_artefact;
    if code is null then
        refused := plg_directory.admit(p_workspace, p_user, null);
        if refused is null and plg_directory.workspace_of('referral_code', v_hash) is null and plg_directory.note_lookup('referral_code', v_hash) then
            insert into plg.referral_code (workspace_id, program, user_id, artefact, code, active, created_at)
            values (p_workspace, p_program, p_user, p_artefact, p_code, true, p_at)
            on conflict do nothing;
            if not found and not exists (select from plg.referral_code c where c.workspace_id = p_workspace and c.code = p_code) then
                perform plg_directory.forget_lookup('referral_code', v_hash);
            end if;
            select c.code, c.active, (extract(epoch from c.created_at) * 1000000)::bigint into code, active, created_at
            from plg.referral_code c where c.workspace_id = p_workspace and c.program = p_program and c.user_id = p_user and c.artefact = p_artefact;
        end if;
    end if;
    if code is not null and coalesce(p_email, p_domain, p_device, p_ip) is not null then
        insert into plg.referral_trace as t (workspace_id, user_id, email_hash, domain_hash, device_hash, ip_hash)
        values (p_workspace, p_user, p_email, p_domain, p_device, p_ip)
        on conflict (workspace_id, user_id) do update
            set email_hash = coalesce(excluded.email_hash, t.email_hash), domain_hash = coalesce(excluded.domain_hash, t.domain_hash),
                device_hash = coalesce(excluded.device_hash, t.device_hash), ip_hash = coalesce(excluded.ip_hash, t.ip_hash)
            where (t.email_hash, t.domain_hash, t.device_hash, t.ip_hash)
                  is distinct from (coalesce(excluded.email_hash, t.email_hash), coalesce(excluded.domain_hash, t.domain_hash),
                                    coalesce(excluded.device_hash, t.device_hash), coalesce(excluded.ip_hash, t.ip_hash));
    end if;
    perform set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Finds a code of any workspace, binding to that one in between. Where p_viewed and it shares something, counts one more view.
create function plg.referral_find(
    p_code text, p_viewed boolean, p_slot integer,
    out workspace_id text, out program text, out user_id text, out artefact text, out active boolean, out created_at bigint)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
    v_binding text := coalesce(current_setting('plg.workspace_id', true), '');
begin
    workspace_id := plg_directory.workspace_of('referral_code', sha256(convert_to(p_code, 'UTF8')));
    if workspace_id is null then
        return;
    end if;
    perform set_config('plg.workspace_id', workspace_id, true);
    select c.program, c.user_id, c.artefact, c.active, (extract(epoch from c.created_at) * 1000000)::bigint
    into program, user_id, artefact, active, created_at
    from plg.referral_code c where c.workspace_id = referral_find.workspace_id and c.code = p_code;
    if user_id is not null and plg_directory.refusal(workspace_id, user_id) is not null then
        user_id := null;
    end if;
    if p_viewed and active and artefact <> '' and user_id is not null then
        insert into plg.share_view as v (workspace_id, user_id, code, slot, views)
        values (referral_find.workspace_id, referral_find.user_id, p_code, p_slot, 1)
        on conflict (workspace_id, code, slot) do update set views = v.views + 1;
    end if;
    perform set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Binds to a workspace, reads what is known about somebody who may be referred by p_referrer, and leaves the binding as it was. Counts go up to p_most.
-- Of a table that was just filled the planner cannot tell what leads to one row from what leads to all of a
-- program. So here and below a look-up asks for the order that only the right index gives, and nothing may be sorted; two limits that are equal stand for = where the order would be void otherwise.
create function plg.referral_history(
    p_workspace text, p_program text, p_referrer text, p_user text, p_email text, p_domain text, p_device text, p_ip text, p_at timestamptz, p_most integer,
    out refused text, out refused_user text, out same_email boolean, out same_device boolean, out same_ip boolean, out same_domain boolean, out on_device bigint, out on_ip bigint,
    out by_referrer_hour bigint, out by_referrer_day bigint, out by_device_day bigint, out chain_on_device bigint, out chain_on_ip bigint)
language plpgsql volatile security invoker
set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set enable_material = off set jit = off
as $$
declare
    v_binding text   := coalesce(current_setting('plg.workspace_id', true), '');
    v_place   uuid;
    v_up      uuid;
    v_chain   uuid[] := '{}';
begin
    refused_user := p_user;
    refused := plg_directory.refusal(p_workspace, p_user);
    if refused is null then
        refused_user := p_referrer;
        refused := plg_directory.refusal(p_workspace, p_referrer);
    end if;
    if refused is not null then
        return;
    end if;
    perform set_config('plg.workspace_id', p_workspace, true);
    same_email := false; same_device := false; same_ip := false; same_domain := false;
    on_device := 0; on_ip := 0; by_referrer_hour := 0; by_referrer_day := 0; by_device_day := 0; chain_on_device := 0; chain_on_ip := 0;
    select coalesce(t.email_hash = p_email, false), coalesce(t.device_hash = p_device, false), coalesce(t.ip_hash = p_ip, false),
           coalesce(t.domain_hash = p_domain, false)
    into same_email, same_device, same_ip, same_domain
    from plg.referral_trace t where t.workspace_id = p_workspace and t.user_id = p_referrer;
    same_email := coalesce(same_email, false); same_device := coalesce(same_device, false);
    same_ip := coalesce(same_ip, false); same_domain := coalesce(same_domain, false);
    v_place := (select r.id from plg.referral r where r.workspace_id = p_workspace and r.program = p_program and r.actor_id = p_referrer);
    if v_place is not null then
        select count(*) filter (where x.bound_at > p_at - interval '1 hour'), count(*) into by_referrer_hour, by_referrer_day
        from (select r.bound_at from plg.referral r
              where r.workspace_id = p_workspace and r.program = p_program and r.parent_id = v_place and r.bound_at > p_at - interval '24 hours'
              order by r.bound_at desc limit p_most) x;
    end if;
    if p_device is not null or p_ip is not null then
        v_up := v_place;
        while v_up is not null and cardinality(v_chain) <= 16 loop
            v_chain := v_chain || v_up;
            v_up := (select r.parent_id from plg.referral r where r.workspace_id = p_workspace and r.program = p_program and r.id = v_up);
        end loop;
    end if;
    -- Who is bound, with whom of them the referrer has referred; then the referrer and those above, bound or not.
    -- Where not all of those are looked at, whom the referrer has referred is counted by itself.
    if p_device is not null then
        select count(*), count(*) filter (where x.bound_at > p_at - interval '24 hours'),
               count(*) filter (where x.parent = v_place and not x.place = any (v_chain))
        into on_device, by_device_day, chain_on_device
        from (select t.bound_at, r.id as place, r.parent_id as parent
              from (select o.user_id, o.bound_at from plg.referral_trace o
                    where o.workspace_id = p_workspace and o.device_hash = p_device and o.bound_at is not null and o.user_id <> p_user
                    order by o.bound_at desc limit p_most) t
              left join lateral (select o.id, o.parent_id from plg.referral o
                                 where o.workspace_id = p_workspace and o.program = p_program and o.actor_id >= t.user_id and o.actor_id <= t.user_id
                                 order by o.actor_id limit 1) r on true) x;
        if on_device >= p_most and v_place is not null then
            chain_on_device := (
                select count(*)
                from (select from (select o.actor_id from plg.referral o
                                   where o.workspace_id = p_workspace and o.program = p_program and o.parent_id = v_place and not o.id = any (v_chain)
                                   order by o.bound_at desc) r
                      cross join lateral (select o.device_hash, o.bound_at from plg.referral_trace o
                                          where o.workspace_id = p_workspace and o.user_id >= r.actor_id and o.user_id <= r.actor_id
                                          order by o.user_id limit 1) t
                      where t.device_hash = p_device and t.bound_at is not null and r.actor_id <> p_user limit p_most) x);
        end if;
        chain_on_device := chain_on_device + case when v_place is null then same_device::integer else (
            select count(*) from unnest(v_chain) as c (id)
            cross join lateral (select o.actor_id from plg.referral o
                                where o.workspace_id = p_workspace and o.program = p_program and o.id >= c.id and o.id <= c.id
                                order by o.id limit 1) r
            cross join lateral (select o.device_hash from plg.referral_trace o
                                where o.workspace_id = p_workspace and o.user_id >= r.actor_id and o.user_id <= r.actor_id
                                order by o.user_id limit 1) t
            where t.device_hash = p_device and r.actor_id <> p_user) end;
    end if;
    if p_ip is not null then
        select count(*), count(*) filter (where x.parent = v_place and not x.place = any (v_chain))
        into on_ip, chain_on_ip
        from (select r.id as place, r.parent_id as parent
              from (select o.user_id from plg.referral_trace o
                    where o.workspace_id = p_workspace and o.ip_hash = p_ip and o.bound_at is not null and o.user_id <> p_user
                    order by o.bound_at desc limit p_most) t
              left join lateral (select o.id, o.parent_id from plg.referral o
                                 where o.workspace_id = p_workspace and o.program = p_program and o.actor_id >= t.user_id and o.actor_id <= t.user_id
                                 order by o.actor_id limit 1) r on true) x;
        if on_ip >= p_most and v_place is not null then
            chain_on_ip := (
                select count(*)
                from (select from (select o.actor_id from plg.referral o
                                   where o.workspace_id = p_workspace and o.program = p_program and o.parent_id = v_place and not o.id = any (v_chain)
                                   order by o.bound_at desc) r
                      cross join lateral (select o.ip_hash, o.bound_at from plg.referral_trace o
                                          where o.workspace_id = p_workspace and o.user_id >= r.actor_id and o.user_id <= r.actor_id
                                          order by o.user_id limit 1) t
                      where t.ip_hash = p_ip and t.bound_at is not null and r.actor_id <> p_user limit p_most) x);
        end if;
        chain_on_ip := chain_on_ip + case when v_place is null then same_ip::integer else (
            select count(*) from unnest(v_chain) as c (id)
            cross join lateral (select o.actor_id from plg.referral o
                                where o.workspace_id = p_workspace and o.program = p_program and o.id >= c.id and o.id <= c.id
                                order by o.id limit 1) r
            cross join lateral (select o.ip_hash from plg.referral_trace o
                                where o.workspace_id = p_workspace and o.user_id >= r.actor_id and o.user_id <= r.actor_id
                                order by o.user_id limit 1) t
            where t.ip_hash = p_ip and r.actor_id <> p_user) end;
    end if;
    perform set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Binds to a workspace, binds a user to a referrer of it, and leaves the binding as it was. outcome is 'bound', 'already' or 'loop'.
create function plg.bind_referral(
    p_workspace text, p_program text, p_version integer, p_referrer text, p_user text, p_id uuid, p_root_id uuid, p_code text, p_artefact text,
    p_signed_up_at timestamptz, p_at timestamptz, p_standing integer, p_verdict text,
    p_email text, p_domain text, p_device text, p_ip text, p_events jsonb,
    out refused text, out refused_user text, out outcome text)
language plpgsql volatile security invoker set search_path = pg_catalog, pg_temp
as $$
declare
    v_binding text := coalesce(current_setting('plg.workspace_id', true), '');
    v_parent  uuid;
    v_jump    uuid;
    v_length  integer;
    v_next    uuid;
    v_up      integer;
begin
    refused := plg_directory.admit(p_workspace, p_referrer, null);
    if refused is not null then
        refused_user := p_referrer;
        return;
    end if;
    refused := plg_directory.refusal(p_workspace, p_user);
    if refused is not null then
        refused_user := p_user;
        return;
    end if;
    -- Being bound and reaching a stage wait for each other: else neither would see the other, and nothing would be earned.
    perform pg_advisory_xact_lock(1886152563, hashtext(p_user));
    perform set_config('plg.workspace_id', p_workspace, true);
    outcome := plg_directory.bind_referral(p_program, sha256(convert_to(p_user, 'UTF8')), sha256(convert_to(p_referrer, 'UTF8')));
    if outcome = 'bound' then
        select r.id, r.jump_id, r.jump_length into v_parent, v_jump, v_length
        from plg.referral r where r.workspace_id = p_workspace and r.program = p_program and r.actor_id = p_referrer for key share;
        if v_parent is null then
            insert into plg.referral (workspace_id, program, id, actor_id, jump_length, size, counted, stages, standing)
            values (p_workspace, p_program, p_root_id, p_referrer, 0, 1, true, '{}', 0)
            on conflict do nothing;
            select r.id, r.jump_id, r.jump_length into v_parent, v_jump, v_length
            from plg.referral r where r.workspace_id = p_workspace and r.program = p_program and r.actor_id = p_referrer for key share;
        end if;
        if v_jump is not null then
            select r.jump_id, r.jump_length into v_next, v_up
            from plg.referral r where r.workspace_id = p_workspace and r.program = p_program and r.id = v_jump;
        end if;
        if v_up = v_length then
            v_jump := v_next;
            v_length := 1 + v_length + v_up;
        else
            v_jump := v_parent;
            v_length := 1;
        end if;
        insert into plg.referral as r
            (workspace_id, program, id, actor_id, parent_id, jump_id, jump_length, size, counted, version, code, artefact, signed_up_at, bound_at, stages,
             standing, verdict)
        values (p_workspace, p_program, p_id, p_user, v_parent, v_jump, v_length, 1, false, p_version, p_code, p_artefact, p_signed_up_at, p_at, '{}',
                p_standing, p_verdict)
        on conflict (workspace_id, program, actor_id) where actor_id is not null do update
            set parent_id = excluded.parent_id, jump_id = excluded.jump_id, jump_length = excluded.jump_length, counted = false,
                version = excluded.version, code = excluded.code, artefact = excluded.artefact, signed_up_at = excluded.signed_up_at,
                bound_at = excluded.bound_at, referral_id = excluded.id, standing = excluded.standing, verdict = excluded.verdict
            where r.parent_id is null;
        insert into plg.referral_trace as t (workspace_id, user_id, email_hash, domain_hash, device_hash, ip_hash, bound_at)
        values (p_workspace, p_user, p_email, p_domain, p_device, p_ip, p_at)
        on conflict (workspace_id, user_id) do update
            set email_hash = coalesce(excluded.email_hash, t.email_hash), domain_hash = coalesce(excluded.domain_hash, t.domain_hash),
                device_hash = coalesce(excluded.device_hash, t.device_hash), ip_hash = coalesce(excluded.ip_hash, t.ip_hash),
                bound_at = coalesce(t.bound_at, excluded.bound_at);
        if p_events is not null then
            insert into plg.growth_event (workspace_id, id, type, version, occurred_at, user_id, data)
            select p_workspace, e.id, e.type, e.version, e.time, e."userId", e.data
            from jsonb_to_recordset(p_events)
                as e (id uuid, type text, version smallint, time timestamptz, "userId" text, data jsonb);
        end if;
    end if;
    perform set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Notes that a user has reached a stage, in the workspaces of those who referred the user in these programs, binding to each, and leaves the binding as it was. Returns the
-- referrals for which it is news, or one row with a refusal. p_in is the workspace in which the user has. p_stage null only reads the referrals.
create function plg.reach_referral(p_programs text[], p_user text, p_in text, p_stage text, p_at timestamptz)
returns table (refused text, workspace_id text, referred_in text, program text, id uuid, version integer, referrer text, code text, artefact text, signed_up_at bigint, bound_at bigint,
               stages text, standing smallint, verdict text)
language plpgsql volatile security invoker
set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set jit = off
as $$
#variable_conflict use_column
declare
    v_binding text := coalesce(current_setting('plg.workspace_id', true), '');
    v_program text;
    v_hash    bytea := sha256(convert_to(p_user, 'UTF8'));
    v_id      uuid;
begin
    refused := plg_directory.refusal(null, p_user);
    if refused is not null then
        return next;
        return;
    end if;
    if p_stage is not null then
        perform pg_advisory_xact_lock(1886152563, hashtext(p_user)); -- as in bind_referral
    end if;
    foreach v_program in array p_programs loop
        workspace_id := plg_directory.referrer_workspace(v_program, v_hash);
        continue when workspace_id is null;
        continue when plg_directory.refusal(workspace_id, null) is not null;
        perform set_config('plg.workspace_id', workspace_id, true);
        referred_in := plg_directory.referred_in(v_program, v_hash, p_in);
        select r.id into v_id from plg.referral r
        where r.workspace_id = reach_referral.workspace_id and r.program = v_program and r.actor_id >= p_user and r.actor_id <= p_user
          and r.parent_id is not null
        order by r.actor_id limit 1;
        if p_stage is not null then
            update plg.referral r
            set stages = r.stages || jsonb_build_object(p_stage, (extract(epoch from p_at) * 1000000)::bigint)
            where r.workspace_id = reach_referral.workspace_id and r.program = v_program and r.id = v_id and not r.stages ? p_stage
            returning r.id into v_id;
        end if;
        if v_id is not null then
            return query
                select null::text, reach_referral.workspace_id, reach_referral.referred_in, v_program, coalesce(r.referral_id, r.id), r.version,
                       case when plg_directory.refusal(null, p.actor_id) is null then p.actor_id::text end, r.code::text, r.artefact::text,
                       (extract(epoch from r.signed_up_at) * 1000000)::bigint, (extract(epoch from r.bound_at) * 1000000)::bigint,
                       r.stages::text, r.standing, r.verdict::text
                from plg.referral r
                left join lateral (select o.actor_id from plg.referral o
                                   where o.workspace_id = reach_referral.workspace_id and o.program = v_program
                                     and o.id >= r.parent_id and o.id <= r.parent_id
                                   order by o.id limit 1) p on true
                where r.workspace_id = reach_referral.workspace_id and r.program = v_program and r.id = v_id;
        end if;
        v_id := null;
    end loop;
    perform set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Of the bound workspace, how many generations there are above a place.
create function plg.referral_depth(p_workspace text, p_program text, p_id uuid) returns integer
language plpgsql stable security invoker
set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set jit = off
as $$
declare
    v_at     uuid    := p_id;
    v_depth  integer := 0;
    v_jump   uuid;
    v_length integer;
begin
    loop
        select r.jump_id, r.jump_length into v_jump, v_length
        from plg.referral r where r.workspace_id = p_workspace and r.program = p_program and r.id >= v_at and r.id <= v_at
        order by r.id limit 1;
        exit when v_jump is null;
        v_depth := v_depth + v_length;
        v_at := v_jump;
    end loop;
    return v_depth;
end
$$;

-- Of the bound workspace, counts a place and those below it one by one, up to p_most.
create function plg.referral_few(p_workspace text, p_program text, p_id uuid, p_most integer) returns bigint
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set enable_material = off set enable_sort = off set jit = off
as $$
begin
    return (select count(*) from (
        with recursive down (id) as (
            select p_id
            union all
            select r.id from down d
            cross join lateral (select o.id from plg.referral o
                                where o.workspace_id = p_workspace and o.program = p_program and o.parent_id = d.id order by o.bound_at) r)
        select from down limit p_most) x);
end
$$;

-- Of the bound workspace, sums the sizes of the members that have not been counted and are below a place of a depth: climbs from all of them at once.
create function plg.referral_late(p_workspace text, p_program text, p_id uuid, p_depth integer) returns bigint
language plpgsql stable security invoker set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set enable_material = off set enable_sort = off set jit = off
as $$
begin
    return (
        with recursive late as materialized (
            select r.id, r.size from plg.referral r
            where r.workspace_id = p_workspace and r.program = p_program and not r.counted and r.id <> p_id
            order by r.bound_at
        ), climb (start, size, at, up) as (
            select l.id, l.size, l.id, 0 from late l
            union all
            select c.start, c.size, r.jump_id, c.up + r.jump_length
            from climb c
            cross join lateral (select o.jump_id, o.jump_length from plg.referral o
                                where o.workspace_id = p_workspace and o.program = p_program and o.id >= c.at and o.id <= c.at
                                order by o.id limit 1) r
            where r.jump_id is not null
        ), deep as (
            select c.start, c.size, c.at, max(c.up) over (partition by c.start) - c.up - p_depth as above from climb c
        ), near as (
            select distinct on (d.start) d.start, d.size, d.at, d.above from deep d where d.above >= 0 order by d.start, d.above
        ), walk (size, at, above) as (
            select n.size, n.at, n.above from near n
            union all
            select w.size, case when r.jump_length <= w.above then r.jump_id else r.parent_id end,
                   w.above - case when r.jump_length <= w.above then r.jump_length else 1 end
            from walk w
            cross join lateral (select o.parent_id, o.jump_id, o.jump_length from plg.referral o
                                where o.workspace_id = p_workspace and o.program = p_program and o.id >= w.at and o.id <= w.at
                                order by o.id limit 1) r
            where w.above > 0
        )
        select coalesce(sum(w.size), 0) from walk w where w.above = 0 and w.at = p_id);
end
$$;

-- Binds to a workspace, finds where a user stands in its graph, and leaves the binding as it was. depth is null if the user is not in it. Stable, so that all its looks
-- see the same moment.
create function plg.referral_position(p_workspace text, p_program text, p_user text, out refused text, out depth integer, out size bigint)
language plpgsql stable security invoker
set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_bitmapscan = off set enable_sort = off set jit = off
as $$
#variable_conflict use_column
declare
    v_binding text := coalesce(current_setting('plg.workspace_id', true), '');
    v_id      uuid;
    v_depth   integer;
    v_some    bigint;
begin
    refused := plg_directory.refusal(p_workspace, p_user);
    if refused is not null then
        return;
    end if;
    perform set_config('plg.workspace_id', p_workspace, true);
    select r.id, r.size into v_id, size from plg.referral r
    where r.workspace_id = p_workspace and r.program = p_program and r.actor_id >= p_user and r.actor_id <= p_user
    order by r.actor_id limit 1;
    if v_id is not null then
        v_depth := plg.referral_depth(p_workspace, p_program, v_id);
        depth := v_depth;
        perform from plg.referral r where r.workspace_id = p_workspace and r.program = p_program and r.parent_id = v_id order by r.bound_at limit 1;
        if found then
            perform from plg.referral r where r.workspace_id = p_workspace and r.program = p_program and not r.counted order by r.bound_at limit 1;
        end if;
        if found then
            -- Few are counted one by one, whatever was added to their sizes.
            v_some := plg.referral_few(p_workspace, p_program, v_id, 257);
            if v_some < 257 then
                size := v_some;
            else
                size := size + plg.referral_late(p_workspace, p_program, v_id, v_depth);
            end if;
        end if;
    end if;
    perform set_config('plg.workspace_id', v_binding, true);
end
$$;

-- Binds to a workspace, adds up to p_most members that have not been counted to the sizes of those above them, and leaves the binding as it was. Does nothing if somebody else is
-- about it, or if it would have to wait long. Returns how many it has counted.
create function plg.count_referrals(p_workspace text, p_program text, p_most integer, out refused text, out counted integer)
language plpgsql volatile security invoker
set search_path = pg_catalog, pg_temp set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off set enable_bitmapscan = off set enable_sort = off set jit = off set lock_timeout = '100ms'
as $$
#variable_conflict use_column
declare
    v_binding text := coalesce(current_setting('plg.workspace_id', true), '');
    v_ids     uuid[];
    v_ups     uuid[];
    v_now     boolean[];
    v_sizes   bigint[]; -- what each hands on
    v_gets    bigint[]; -- what each gets from those below it
    v_parents integer[];
    v_below   integer[];
    v_at      integer;
    v_up      integer;
begin
    counted := 0;
    refused := plg_directory.refusal(p_workspace, null);
    if refused is not null then
        return;
    end if;
    begin
        if not pg_try_advisory_xact_lock(1886152562, hashtext(octet_length(p_workspace) || ':' || p_workspace || p_program)) then
            return;
        end if;
        perform set_config('plg.workspace_id', p_workspace, true);
        -- The batch and all above it, each once, up to the root or to the first one that is not counted and will hand on later what it gets.
        with recursive batch as materialized (
            select r.id, r.parent_id, r.size from plg.referral r
            where r.workspace_id = p_workspace and r.program = p_program and not r.counted
            order by r.bound_at limit p_most for no key update skip locked
        ), up (id, parent_id, size, now) as (
            select b.id, b.parent_id, b.size, true from batch b
            union
            select r.id, case when r.counted or r.id in (select b.id from batch b) then r.parent_id end,
                   case when r.id in (select b.id from batch b) then r.size else 0 end, r.id in (select b.id from batch b)
            from up u
            cross join lateral (select o.id, o.parent_id, o.size, o.counted from plg.referral o
                                where o.workspace_id = p_workspace and o.program = p_program and o.id >= u.parent_id and o.id <= u.parent_id
                                order by o.id limit 1) r
        )
        select array_agg(u.id), array_agg(u.parent_id), array_agg(u.size), array_agg(u.now) into v_ids, v_ups, v_sizes, v_now from up u;
        if v_ids is not null then
            perform set_config('enable_hashjoin', 'on', true);
            perform set_config('enable_sort', 'on', true);
            select array_agg(p.n order by u.n), array_agg(0 order by u.n), array_agg(0::bigint order by u.n) into v_parents, v_below, v_gets
            from unnest(v_ups) with ordinality as u (id, n)
            left join unnest(v_ids) with ordinality as p (id, n) on p.id = u.id;
            perform set_config('enable_hashjoin', 'off', true);
            perform set_config('enable_sort', 'off', true);
            foreach v_up in array v_parents loop
                if v_up is not null then
                    v_below[v_up] := v_below[v_up] + 1;
                end if;
            end loop;
            -- From the leaves up: each hands on when it has got everything from below.
            for v_leaf in 1 .. cardinality(v_ids) loop
                continue when v_below[v_leaf] <> 0;
                v_at := v_leaf;
                loop
                    v_below[v_at] := -1;
                    v_up := v_parents[v_at];
                    exit when v_up is null;
                    v_gets[v_up] := v_gets[v_up] + v_gets[v_at] + v_sizes[v_at];
                    v_below[v_up] := v_below[v_up] - 1;
                    exit when v_below[v_up] > 0;
                    v_at := v_up;
                end loop;
            end loop;
            -- One by one: of a join the planner may think that reading the whole program costs no more.
            for v_n in 1 .. cardinality(v_ids) loop
                continue when v_gets[v_n] = 0 and not v_now[v_n];
                update plg.referral r set size = r.size + v_gets[v_n], counted = r.counted or v_now[v_n]
                where r.workspace_id = p_workspace and r.program = p_program and r.id = v_ids[v_n];
                if found and v_now[v_n] then
                    counted := counted + 1;
                end if;
            end loop;
        end if;
    exception when lock_not_available or deadlock_detected or serialization_failure then
        counted := 0; -- others are at it, and whoever called this has other things to do: a later call counts
    end;
    perform set_config('plg.workspace_id', v_binding, true);
end
$$;

revoke all on all tables in schema plg, plg_directory from public;
revoke all on all functions in schema plg, plg_directory from public;
