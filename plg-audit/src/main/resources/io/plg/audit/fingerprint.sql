-- What keeps tenants apart, a line for each thing, so that two looks can be compared. Parameters: the schemas, the schemas and names of
-- single tables, and the role (null for the login). Reads pg_catalog only.
with watched as (
    select c.oid as id, n.nspname, c.relname, c.relkind, c.relrowsecurity, c.relforcerowsecurity, c.relowner, c.relacl, c.reloptions
    from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S')
      and (n.nspname = any (cast(? as text[]))
           or (n.nspname, c.relname) in (select * from unnest(cast(? as text[]), cast(? as text[])))
           or c.relkind in ('v', 'm') and n.nspname <> 'pg_catalog' and n.nspname <> 'information_schema')
), me as (
    select r.oid as id from pg_catalog.pg_roles r where r.rolname = coalesce(cast(? as text), session_user)
), roles as (
    select r.* from pg_catalog.pg_roles r, me
    where r.oid = me.id or pg_has_role(me.id, r.oid, 'member') and not (select s.rolsuper from pg_catalog.pg_roles s where s.oid = me.id)
)
select concat_ws(' ', case w.relkind when 'v' then 'view' when 'm' then 'materialized view' when 'S' then 'sequence' else 'table' end,
                 quote_ident(w.nspname) || '.' || quote_ident(w.relname),
                 case when w.relkind in ('r', 'p') then
                     concat('row level security ', case when w.relrowsecurity then 'on' else 'off' end,
                            case when w.relforcerowsecurity then ', forced' else ', not forced' end) end,
                 'owner', pg_get_userbyid(w.relowner), w.relacl::text, w.reloptions::text,
                 case when w.relkind in ('v', 'm') then 'definition ' || md5(pg_get_viewdef(w.id)) end)
from watched w
union all
select concat_ws(' ', 'column', quote_ident(w.nspname) || '.' || quote_ident(w.relname) || '.' || quote_ident(a.attname),
                 format_type(a.atttypid, a.atttypmod), case when a.attnotnull then 'not null' end,
                 case when a.attcollation <> 0 then 'collation ' || a.attcollation end, a.attacl::text)
from watched w join pg_catalog.pg_attribute a on a.attrelid = w.id and a.attnum > 0 and not a.attisdropped
where w.relkind in ('r', 'p', 'f')
union all
select concat_ws(' ', 'rule', quote_ident(r.rulename), 'on', quote_ident(w.nspname) || '.' || quote_ident(w.relname), md5(pg_get_ruledef(r.oid)))
from watched w join pg_catalog.pg_rewrite r on r.ev_class = w.id and r.rulename <> '_RETURN'
union all
select concat_ws(' ', 'trigger', quote_ident(t.tgname), 'on', quote_ident(w.nspname) || '.' || quote_ident(w.relname), t.tgfoid::regproc, t.tgenabled)
from watched w join pg_catalog.pg_trigger t on t.tgrelid = w.id and not t.tgisinternal
union all
select concat_ws(' ', 'policy', quote_ident(p.polname), 'on', quote_ident(w.nspname) || '.' || quote_ident(w.relname),
                 case when p.polpermissive then 'permissive' else 'restrictive' end,
                 case p.polcmd when '*' then 'for all' when 'r' then 'for select' when 'a' then 'for insert' when 'w' then 'for update' else 'for delete' end,
                 'to', (select string_agg(case r when 0 then 'public' else pg_get_userbyid(r) end, ', ' order by r) from unnest(p.polroles) r),
                 'using', pg_get_expr(p.polqual, p.polrelid), 'with check', pg_get_expr(p.polwithcheck, p.polrelid))
from watched w join pg_catalog.pg_policy p on p.polrelid = w.id
union all
select concat_ws(' ', 'index or key on', quote_ident(w.nspname) || '.' || quote_ident(w.relname), pg_get_indexdef(i.indexrelid))
from watched w join pg_catalog.pg_index i on i.indrelid = w.id
union all
select concat_ws(' ', 'constraint on', quote_ident(w.nspname) || '.' || quote_ident(w.relname), pg_get_constraintdef(k.oid))
from watched w join pg_catalog.pg_constraint k on k.conrelid = w.id
union all
select concat_ws(' ', 'partition', quote_ident(n.nspname) || '.' || quote_ident(c.relname), 'of', quote_ident(w.nspname) || '.' || quote_ident(w.relname),
                 'row level security', c.relrowsecurity, c.relforcerowsecurity)
from watched w join pg_catalog.pg_inherits h on h.inhparent = w.id join pg_catalog.pg_class c on c.oid = h.inhrelid
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where w.relkind in ('r', 'p')
union all
select concat_ws(' ', 'function', p.oid::regprocedure, case when p.prosecdef then 'security definer' end, case when p.proleakproof then 'leakproof' end,
                 'owner', pg_get_userbyid(p.proowner), p.proconfig::text, p.proacl::text, 'body', md5(p.prosrc))
from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
where (p.prosecdef or p.proleakproof) and n.nspname <> 'pg_catalog' and n.nspname <> 'information_schema'
union all
select concat_ws(' ', 'role', quote_ident(r.rolname), case when r.rolsuper then 'superuser' end, case when r.rolbypassrls then 'bypassrls' end,
                 case when r.rolcreaterole then 'createrole' end, case when r.rolcanlogin then 'login' end, case when r.rolreplication then 'replication' end)
from roles r
union all
select concat_ws(' ', 'owner', quote_ident(o.rolname), case when o.rolsuper then 'superuser' end, case when o.rolbypassrls then 'bypassrls' end,
                 case when o.rolcanlogin then 'login' end)
from pg_catalog.pg_roles o where o.oid in (select w.relowner from watched w)
union all
select concat_ws(' ', 'member', pg_get_userbyid(m.member), 'of', pg_get_userbyid(m.roleid))
from pg_catalog.pg_auth_members m where m.member in (select r.oid from roles r)
union all
select concat_ws(' ', 'setting', s.setdatabase, pg_get_userbyid(nullif(s.setrole, 0)), s.setconfig::text)
from pg_catalog.pg_db_role_setting s
where s.setrole in (0, (select me.id from me))
  and s.setdatabase in (0, (select d.oid from pg_catalog.pg_database d where d.datname = current_database()))
union all
select concat_ws(' ', 'schema', quote_ident(n.nspname), 'owner', pg_get_userbyid(n.nspowner), n.nspacl::text)
from pg_catalog.pg_namespace n where n.nspname in (select w.nspname from watched w)
