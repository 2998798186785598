-- plg, schema version 1: workspaces and what must be known across them. PostgreSQL 15 and later. Run by Flyway, psql or anything else,
-- once, all of it in one transaction or each statement in one of its own.
--
-- Schema plg: rows of workspaces. Every key starts with workspace_id, and row level security is forced: a row is seen and
-- written only while the transaction's setting plg.workspace_id names its workspace. Without it there are no rows. Each table has the
-- rule twice: the permissive policy "workspace" lets the rows of the bound workspace through, and the restrictive policy
-- "workspace_only" stays in force whatever permissive policy somebody adds.
-- Schema plg_directory: what must be known before or across workspaces, ids only, reachable through functions only. They run as
-- their owner, who cannot log in, and look up exact values.
-- Who may do what stands in afterMigrate__roles.sql.
-- Times in function results are microseconds since 1970 (bigint): exact in every time zone and for every year.
-- Lengths are limited by type and not by CHECK: PostgreSQL reads every check of a table anew for each statement that inserts, which
-- made a third of the cost of a completion.

create schema if not exists plg;
create schema if not exists plg_directory;

-- Every workspace that something was ever stored for. A workspace whose first transactions overlapped stands here more than once: a key of its
-- own would have made them wait for each other.
create table plg_directory.workspace (
    workspace_id varchar(128) collate "C" not null,
    noted_by     xid8                     not null default pg_current_xact_id(),
    primary key (workspace_id, noted_by)
);

-- Deleted workspaces, for good. complete says that no row is left.
create table plg_directory.deleted_workspace (
    workspace_id varchar(128) collate "C" primary key,
    deleted_at   timestamptz not null,
    complete     boolean     not null default false
);
create index deleted_workspace_unfinished on plg_directory.deleted_workspace (workspace_id) where not complete;

-- People who were erased. Their id stays only until no row is left of them.
create table plg_directory.erased_user (
    user_hash bytea primary key,
    user_id   varchar(128) collate "C",
    erased_at timestamptz not null
);
create index erased_user_unfinished on plg_directory.erased_user (user_id) where user_id is not null;

-- By what a stranger may come in: the SHA-256 hash of an invite token, of a referral code.
create table plg_directory.lookup (
    kind         varchar(64) collate "C"  not null,
    hash         bytea                    not null,
    workspace_id varchar(128) collate "C" not null,
    primary key (kind, hash)
);
create index lookup_workspace on plg_directory.lookup (workspace_id);

-- The feed by which caches learn what changed: insert only, ids only, trimmed. xact is what makes reading it exact: a reader keeps
-- the snapshot of its last look and asks for the rows whose transaction that snapshot did not see as finished.
-- After restoring a dump into another cluster, truncate it: transaction ids mean nothing elsewhere.
create table plg_directory.change_feed (
    xact         xid8             not null default pg_current_xact_id(),
    seq          bigint           not null generated always as identity (cache 100),
    workspace_id text collate "C" not null,
    kind         text collate "C" not null,
    subject      text collate "C" not null,
    primary key (xact, seq)
);

-- Changes of transactions before this one have been trimmed.
create table plg_directory.change_feed_trimmed (
    one    boolean primary key default true check (one),
    before xid8    not null
);
insert into plg_directory.change_feed_trimmed (before) values (pg_current_xact_id());

-- Notes that things of the bound workspace changed.
create function plg_directory.note_changes(p_kind text, p_subjects text[]) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    insert into plg_directory.change_feed (workspace_id, kind, subject)
    select nullif(current_setting('plg.workspace_id', true), ''), p_kind, s from unnest(p_subjects) as s;
    return true;
end
$$;

-- The same for one thing.
create function plg_directory.note_change(p_kind text, p_subject text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    insert into plg_directory.change_feed (workspace_id, kind, subject)
    values (nullif(current_setting('plg.workspace_id', true), ''), p_kind, p_subject);
    return true;
end
$$;

-- What was committed since the snapshot of the last look, in one consistent look: one row for the look itself (kind is null) with
-- the snapshot to keep for the next and whether nothing was trimmed in between, then one row for each change.
create function plg_directory.changes_since(p_snapshot text)
returns table (snapshot text, complete boolean, workspace_id text, kind text, subject text)
language sql volatile security definer
set search_path = pg_catalog, pg_temp set enable_seqscan = off set jit = off
as $$
    select pg_current_snapshot()::text,
           p_snapshot is not null and t.before <= pg_snapshot_xmin(p_snapshot::pg_snapshot),
           c.workspace_id, c.kind, c.subject
    from plg_directory.change_feed_trimmed t
    left join (
        select null::text as workspace_id, null::text as kind, null::text as subject
        union all
        select distinct f.workspace_id, f.kind, f.subject
        from plg_directory.change_feed f
        where f.xact >= pg_snapshot_xmax(p_snapshot::pg_snapshot)
           or f.xact = any (array(select pg_snapshot_xip(p_snapshot::pg_snapshot)))
    ) c on t.before <= pg_snapshot_xmin(p_snapshot::pg_snapshot)
    where t.one
$$;

-- Removes some of the changes that were committed before a snapshot was taken: give one that is older than any reader's last look
-- may be. Returns how many were removed; ask again while it is 1000.
create function plg_directory.trim_changes(p_snapshot text) returns integer
language plpgsql volatile security definer
set search_path = pg_catalog, pg_temp set enable_seqscan = off set jit = off
as $$
declare
    v_before  xid8 := least(pg_snapshot_xmin(p_snapshot::pg_snapshot), pg_snapshot_xmin(pg_current_snapshot()));
    v_removed integer;
begin
    if not exists (select from plg_directory.change_feed f where f.xact < v_before) then
        return 0;
    end if;
    update plg_directory.change_feed_trimmed t set before = v_before where t.one and t.before < v_before;
    delete from plg_directory.change_feed f
    using (select o.xact, o.seq from plg_directory.change_feed o where o.xact < v_before
           order by o.xact, o.seq limit 1000 for update skip locked) old
    where f.xact = old.xact and f.seq = old.seq;
    get diagnostics v_removed = row_count;
    return v_removed;
end
$$;

-- Why a call about a user of a workspace must be refused: 'workspace' if the workspace was deleted, 'user' if the user was erased, else
-- null. p_user may be null.
create function plg_directory.refusal(p_workspace text, p_user text) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    return case when exists (select from plg_directory.deleted_workspace d where d.workspace_id = p_workspace) then 'workspace'
                when exists (select from plg_directory.erased_user e where e.user_hash = sha256(convert_to(p_user, 'UTF8'))) then 'user'
           end;
end
$$;

-- As refusal, before something is stored: makes the workspace known. Where p_change says what kind of thing of the user is about to change, that
-- is noted too, because one call costs less than two; a note too many does no harm.
create function plg_directory.admit(p_workspace text, p_user text, p_change text) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_known   boolean;
    v_refused text;
begin
    select exists (select from plg_directory.workspace w where w.workspace_id = p_workspace),
           case when exists (select from plg_directory.deleted_workspace d where d.workspace_id = p_workspace) then 'workspace'
                when exists (select from plg_directory.erased_user e where e.user_hash = sha256(convert_to(p_user, 'UTF8'))) then 'user'
           end
    into v_known, v_refused;
    if v_refused is null then
        if not v_known then
            insert into plg_directory.workspace (workspace_id) values (p_workspace) on conflict do nothing;
        end if;
        if p_change is not null then
            insert into plg_directory.change_feed (workspace_id, kind, subject) values (p_workspace, p_change, p_user);
        end if;
    end if;
    return v_refused;
end
$$;

-- Of some users, the first who was erased, or null.
create function plg_directory.first_erased(p_users text[]) returns text
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    select u.id from unnest(p_users) with ordinality as u (id, n)
    where exists (select from plg_directory.erased_user e where e.user_hash = sha256(convert_to(u.id, 'UTF8')))
    order by u.n limit 1
$$;

-- Makes the bound workspace known by a hash of 32 bytes. Returns whether the hash was free, or was this workspace's already.
create function plg_directory.note_lookup(p_kind text, p_hash bytea) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
    v_workspace text := nullif(current_setting('plg.workspace_id', true), '');
begin
    if v_workspace is null or octet_length(p_hash) <> 32 then
        return false;
    end if;
    if plg_directory.admit(v_workspace, null, null) is not null then
        return false;
    end if;
    insert into plg_directory.lookup (kind, hash, workspace_id) values (p_kind, p_hash, v_workspace) on conflict do nothing;
    return plg_directory.workspace_of(p_kind, p_hash) = v_workspace;
end
$$;

-- Forgets a hash of the bound workspace. Returns whether it was known.
create function plg_directory.forget_lookup(p_kind text, p_hash bytea) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    delete from plg_directory.lookup l
    where l.kind = p_kind and l.hash = p_hash and l.workspace_id = nullif(current_setting('plg.workspace_id', true), '');
    return found;
end
$$;

-- The workspace that a hash leads to, or null. There is no other way to read the table.
create function plg_directory.workspace_of(p_kind text, p_hash bytea) returns text
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    select l.workspace_id from plg_directory.lookup l where l.kind = p_kind and l.hash = p_hash
$$;

-- The workspaces after an id, in order, for operator reports: ids only. Whoever asks binds to them one by one.
create function plg_directory.workspaces_after(p_workspace text, p_limit integer) returns setof text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select distinct w.workspace_id from plg_directory.workspace w
    where (p_workspace is null or w.workspace_id > p_workspace)
      and not exists (select from plg_directory.deleted_workspace d where d.workspace_id = w.workspace_id)
    order by w.workspace_id limit p_limit
$$;

-- Refuses everything about a workspace from the commit of this on.
create function plg_directory.begin_deletion(p_workspace text, p_at timestamptz) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    insert into plg_directory.deleted_workspace (workspace_id, deleted_at) values (p_workspace, p_at) on conflict do nothing;
    insert into plg_directory.change_feed (workspace_id, kind, subject) values (p_workspace, 'workspace', p_workspace);
end
$$;

-- Refuses everything about a user from the commit of this on.
create function plg_directory.begin_erasure(p_user text, p_at timestamptz) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
    insert into plg_directory.erased_user as e (user_hash, user_id, erased_at)
    values (sha256(convert_to(p_user, 'UTF8')), p_user, p_at)
    on conflict do nothing;
    insert into plg_directory.change_feed (workspace_id, kind, subject) values ('*', 'user', p_user);
end
$$;

-- The tables of schema plg that hold rows, with their columns that hold ids of users; children before the parents that their foreign keys name. A
-- partition counts, its parent does not.
create function plg_directory.tenant_tables()
returns table (id oid, name text, user_columns text[], parents oid[])
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    with recursive tenant as (
        select c.oid as id, format('%I.%I', n.nspname, c.relname) as name,
               array(select a.attname::text from pg_attribute a
                     where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attname ~ '^(.*_)?user_id$'
                     order by a.attnum) as user_columns,
               array(select c.oid union select p.relid from pg_partition_ancestors(c.oid) p) as selves
        from pg_class c join pg_namespace n on n.oid = c.relnamespace
        where n.nspname = 'plg' and c.relkind = 'r'
          and exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'workspace_id' and not a.attisdropped)
    ), refers as (
        select distinct child.id as child, parent.id as parent
        from pg_constraint k
        join tenant child on k.conrelid = any (child.selves)
        join tenant parent on k.confrelid = any (parent.selves)
        where k.contype = 'f' and child.id <> parent.id
    ), level as (
        select t.id, 0 as depth from tenant t
        union
        select r.parent, l.depth + 1 from level l join refers r on r.child = l.id where l.depth < 20
    )
    select t.id, t.name, t.user_columns, array(select r.parent from refers r where r.child = t.id)
    from tenant t join level l on l.id = t.id
    group by t.id, t.name, t.user_columns
    order by max(l.depth), t.name
$$;

-- What removes rows looks for the first few of many, for which the planner would rather read the whole table than an index. At the end there is none
-- left to find, and it would read all of it.

-- Removes at most p_limit rows of a workspace that is being deleted, children before parents, and leaves the binding as it was. Returns how
-- many it removed: none when none is left.
create function plg_directory.delete_some(p_workspace text, p_limit integer) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
    v_binding text := current_setting('plg.workspace_id', true);
    v_removed integer := 0;
    v_now     integer;
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
    if v_removed = 0 then
        delete from plg_directory.lookup l where l.workspace_id = p_workspace;
        delete from plg_directory.workspace w where w.workspace_id = p_workspace;
    end if;
    perform set_config('plg.workspace_id', coalesce(v_binding, ''), true);
    return v_removed;
end
$$;

-- Removes the rows of a user who is being erased, from the p_limit workspaces after p_after, and leaves the binding as it was. Returns the
-- last of these workspaces, null if there was none, and how many rows it removed.
create function plg_directory.erase_some(p_user text, p_after text, p_limit integer, out last_workspace text, out removed bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
    v_binding text := current_setting('plg.workspace_id', true);
    v_now     bigint;
    v_table   record;
    v_where   text;
begin
    if not exists (select from plg_directory.erased_user e where e.user_hash = sha256(convert_to(p_user, 'UTF8'))) then
        raise exception 'the erasure of this user has not begun' using errcode = '55000';
    end if;
    removed := 0;
    for last_workspace in
        select w.workspace_id from plg_directory.workspace w where p_after is null or w.workspace_id > p_after
        union
        select d.workspace_id from plg_directory.deleted_workspace d
        where not d.complete and (p_after is null or d.workspace_id > p_after)
        order by 1 limit p_limit
    loop
        perform set_config('plg.workspace_id', last_workspace, true);
        for v_table in select t.name, t.user_columns from plg_directory.tenant_tables() t where cardinality(t.user_columns) > 0 loop
            select string_agg(format('%I = $2', c), ' or ') into v_where from unnest(v_table.user_columns) as c;
            execute format('delete from %s where workspace_id = $1 and (%s)', v_table.name, v_where)
                using last_workspace, p_user;
            get diagnostics v_now = row_count;
            removed := removed + v_now;
        end loop;
    end loop;
    perform set_config('plg.workspace_id', coalesce(v_binding, ''), true);
end
$$;

-- Notes that nothing is left, if that is so. Returns whether it is.
create function plg_directory.end_deletion(p_workspace text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
    v_binding text := current_setting('plg.workspace_id', true);
    v_table   record;
    v_left    boolean := false;
begin
    perform set_config('plg.workspace_id', p_workspace, true);
    for v_table in select t.name from plg_directory.tenant_tables() t loop
        execute format('select exists (select from %s where workspace_id = $1)', v_table.name) into v_left using p_workspace;
        exit when v_left;
    end loop;
    perform set_config('plg.workspace_id', coalesce(v_binding, ''), true);
    if not v_left then
        update plg_directory.deleted_workspace d set complete = true where d.workspace_id = p_workspace;
    end if;
    return not v_left;
end
$$;

-- Notes that nothing is left of a user.
create function plg_directory.end_erasure(p_user text) returns void
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
    update plg_directory.erased_user e set user_id = null where e.user_hash = sha256(convert_to(p_user, 'UTF8'))
$$;

-- What was begun and is not complete: at most 1000 workspaces.
create function plg_directory.unfinished_deletions() returns setof text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select d.workspace_id from plg_directory.deleted_workspace d where not d.complete order by d.workspace_id limit 1000
$$;

create function plg_directory.unfinished_erasures() returns setof text
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
    select e.user_id from plg_directory.erased_user e where e.user_id is not null order by e.user_id limit 1000
$$;

revoke all on schema plg, plg_directory from public;
revoke all on all tables in schema plg_directory from public;
revoke all on all functions in schema plg_directory from public;
