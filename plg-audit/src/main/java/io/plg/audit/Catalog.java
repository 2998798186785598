package io.plg.audit;

import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * What the catalog says, in a fixed number of statements whatever the number of tables. Every statement reads pg_catalog only, by oid, so that
 * any role may run them; oids and arrays of oids travel as text, because the driver has no type for them.
 */
final class Catalog {
    /** The pseudo role PUBLIC in access lists. */
    static final long PUBLIC = 0;

    /** The superuser that initdb made: grants by any superuser are recorded as its. */
    static final long BOOTSTRAP_SUPERUSER = 10;

    private static final String SERVER = """
            select current_setting('server_version_num')::integer, current_user, session_user, current_database()""";

    /** Expressions are printed with every name qualified that pg_catalog does not own, so that no look-alike passes. */
    private static final String PRINT_NAMES_IN_FULL = """
            select set_config('search_path', 'pg_catalog', true), set_config('quote_all_identifiers', 'off', true)""";

    /** The role itself and all roles that it is a member of, directly or not, whether it inherits from them or not. */
    private static final String ROLES = """
            select r.oid, r.rolname, r.rolname = ?, r.rolsuper, r.rolbypassrls, r.rolcreaterole, r.rolreplication
            from pg_roles r
            where r.rolname = ?
               or pg_has_role((select a.oid from pg_roles a where a.rolname = ?), r.oid, 'MEMBER')
            order by r.oid""";

    private static final String MEMBERSHIPS = """
            select m.roleid, r.rolname, e.rolname, m.grantor, g.rolname
            from pg_auth_members m
            join pg_roles r on r.oid = m.roleid
            join pg_roles e on e.oid = m.member
            left join pg_roles g on g.oid = m.grantor
            where m.member = any (cast(? as oid[]))""";

    /** What is wanted, found or not, then the partitions and inheritance children of what was found. */
    private static final String TABLES = """
            with recursive wanted as (
                select w.* from unnest(cast(? as text[]), cast(? as text[]), cast(? as text[]), cast(? as boolean[]))
                    with ordinality as w (schema, name, col, plg, n)
            ), found as (
                select w.n, n.oid as namespace, c.oid as id, null::oid as parent
                from wanted w
                left join pg_namespace n on n.nspname = w.schema
                left join pg_class c on c.relnamespace = n.oid and (w.name is null or c.relname = w.name)
                    and c.relkind in ('r', 'p', 'f', 'm', 'v')
                union
                select f.n, c.relnamespace, c.oid, i.inhparent
                from found f join pg_inherits i on i.inhparent = f.id join pg_class c on c.oid = i.inhrelid
            )
            select w.n, w.schema, w.name, w.col, w.plg, f.namespace is not null, f.parent is not null,
                   c.oid, n.nspname, c.relname, c.relkind, c.relispartition, c.relowner, o.rolname, c.relnamespace,
                   c.relrowsecurity, c.relforcerowsecurity,
                   a.attnum, quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), format_type(base.id, null),
                   bt.typcategory = 'S', a.attnotnull, coalesce(l.collisdeterministic, true), bt.typname = 'citext',
                   exists (select from unnest(cast(? as oid[])) m (id)
                           where has_any_column_privilege(m.id, c.oid, 'SELECT, INSERT, UPDATE')
                              or has_table_privilege(m.id, c.oid, 'DELETE'))
            from found f
            join wanted w using (n)
            left join pg_class c on c.oid = f.id
            left join pg_namespace n on n.oid = c.relnamespace
            left join pg_roles o on o.oid = c.relowner
            left join pg_attribute a on a.attrelid = c.oid and a.attname = w.col and a.attnum > 0 and not a.attisdropped
            left join pg_collation l on l.oid = a.attcollation
            left join lateral (
                with recursive b as (
                    select a.atttypid as id, 0 as depth
                    union all
                    select t.typbasetype, b.depth + 1 from b join pg_type t on t.oid = b.id where t.typtype = 'd'
                )
                select b.id from b order by b.depth desc limit 1
            ) base on true
            left join pg_type bt on bt.oid = base.id
            order by w.n, n.nspname, c.relname""";

    private static final String POLICIES = """
            select p.polrelid, p.polname, p.polpermissive, p.polcmd = '*', 0 = any (p.polroles), p.polroles && cast(? as oid[]),
                   coalesce(pg_get_expr(p.polqual, p.polrelid), ''), coalesce(pg_get_expr(p.polwithcheck, p.polrelid), ''),
                   p.polcmd in ('*', 'w', 'a'), p.polcmd = 'a'
            from pg_policy p
            where p.polrelid = any (cast(? as oid[]))
            order by p.polrelid, p.polname""";

    /** Which permissive policies let the statements of other roles through, where those have rights on the table. */
    private static final String OPENED = """
            select o.id, p.polrelid, p.polname
            from pg_policy p
            cross join unnest(cast(? as oid[])) o (id)
            where p.polrelid = any (cast(? as oid[])) and p.polpermissive
              and exists (select from unnest(p.polroles) r (id) where r.id = 0 or pg_has_role(o.id, r.id, 'USAGE'))
              and (has_any_column_privilege(o.id, p.polrelid, 'SELECT, INSERT, UPDATE')
                   or has_table_privilege(o.id, p.polrelid, 'DELETE'))""";

    private static final String INDEXES = """
            select i.indrelid, i.indexrelid, quote_ident(n.nspname) || '.' || quote_ident(c.relname), quote_ident(c.relname),
                   quote_ident(k.conname), k.contype,
                   case when k.contype = 'x' then pg_get_constraintdef(k.oid) else '' end,
                   i.indisunique or i.indisexclusion, i.indisvalid and i.indisready, c.relispartition, i.indkey[0],
                   coalesce(pg_get_expr(i.indpred, i.indrelid), ''),
                   array(select i.indkey[g - 1]::text from generate_series(1, i.indnkeyatts) g order by g),
                   array(select pg_get_indexdef(i.indexrelid, g, true) from generate_series(1, i.indnkeyatts) g order by g),
                   array(select pg_get_indexdef(i.indexrelid, g, true) from generate_series(i.indnkeyatts + 1, i.indnatts) g order by g),
                   coalesce(i.indnullsnotdistinct, false), coalesce(k.condeferrable, false), coalesce(k.condeferred, false)
            from pg_index i
            join pg_class c on c.oid = i.indexrelid
            join pg_namespace n on n.oid = c.relnamespace
            left join pg_constraint k on k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')
            where i.indrelid = any (cast(? as oid[]))
            order by i.indrelid, c.relname""";

    /** Foreign keys between audited tables; those of partitions come from their parents. */
    private static final String FOREIGN_KEYS = """
            select k.conrelid, k.confrelid, quote_ident(k.conname), k.conindid,
                   array(select x::text from unnest(k.conkey) with ordinality u (x, g) order by g),
                   array(select x::text from unnest(k.confkey) with ordinality u (x, g) order by g),
                   array(select quote_ident(a.attname) from unnest(k.conkey) with ordinality u (x, g)
                         join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.x order by g),
                   array(select quote_ident(a.attname) from unnest(k.confkey) with ordinality u (x, g)
                         join pg_attribute a on a.attrelid = k.confrelid and a.attnum = u.x order by g),
                   k.confupdtype, k.confdeltype, k.confmatchtype, k.condeferrable, k.condeferred
            from pg_constraint k
            where k.contype = 'f' and k.conparentid = 0
              and k.conrelid = any (cast(? as oid[])) and k.confrelid = any (cast(? as oid[]))
            order by k.conrelid, k.conname""";

    /** Views, materialised views and rules that read an audited table, directly or through each other. */
    private static final String READERS = """
            with recursive reader as (
                select r.oid as rule, r.ev_class as id, d.refobjid as base from pg_depend d join pg_rewrite r on r.oid = d.objid
                where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass
                  and d.refobjid = any (cast(? as oid[]))
                union
                select r.oid, r.ev_class, b.base from reader b join pg_depend d on d.refobjid = b.id join pg_rewrite r on r.oid = d.objid
                where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass and r.ev_class <> b.id
            )
            select c.oid, n.nspname, c.relname, c.relkind, r.rulename,
                   coalesce((select x.option_value::boolean from pg_options_to_table(c.reloptions) x
                             where x.option_name = 'security_invoker'), false),
                   c.relowner, o.rolname, o.rolsuper or o.rolbypassrls, b.bases,
                   exists (select from unnest(cast(? as oid[])) m (id)
                           where has_schema_privilege(m.id, n.oid, 'USAGE')
                             and (has_any_column_privilege(m.id, c.oid, 'SELECT, INSERT, UPDATE')
                                  or has_table_privilege(m.id, c.oid, 'DELETE')))
            from (select x.rule, array_agg(distinct x.base::text) as bases from reader x group by x.rule) b
            join pg_rewrite r on r.oid = b.rule
            join pg_class c on c.oid = r.ev_class
            join pg_namespace n on n.oid = c.relnamespace
            join pg_roles o on o.oid = c.relowner
            order by n.nspname, c.relname, r.rulename""";

    private static final String SCHEMAS = """
            select n.oid, n.nspname, n.nspowner, o.rolname,
                   coalesce((select array_agg(distinct x.grantee::text) from aclexplode(n.nspacl) x
                             where x.privilege_type = 'CREATE' and x.grantee <> n.nspowner
                               and x.grantee = any (cast(? as oid[]))), '{}')
            from pg_namespace n left join pg_roles o on o.oid = n.nspowner
            where n.nspname in ('plg', 'plg_directory') or n.nspname = any (cast(? as text[]))
            order by n.nspname""";

    /** Sequences of the audited tables and schemas, and everything in plg_directory. */
    private static final String AROUND = """
            select c.oid, n.nspname, c.relname, c.relkind, c.relowner, o.rolname
            from pg_class c
            join pg_namespace n on n.oid = c.relnamespace
            left join pg_roles o on o.oid = c.relowner
            where n.nspname = 'plg_directory' and c.relkind in ('r', 'p', 'f', 'm', 'v', 'S')
               or n.nspname = 'plg' and c.relname = 'plg_schema_history' and c.relkind = 'r'
               or c.relkind = 'S'
                  and (n.nspname = any (cast(? as text[]))
                       or exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid
                                  and d.refclassid = 'pg_class'::regclass and d.refobjid = any (cast(? as oid[])) and d.deptype in ('a', 'i')))
            order by n.nspname, c.relname""";

    /** Rights on tables, columns and sequences that the role can use, by whom they were given to. */
    private static final String GRANTS = """
            select c.oid, x.grantee, x.privilege_type
            from pg_class c cross join lateral aclexplode(c.relacl) x
            where c.oid = any (cast(? as oid[])) and x.grantee <> c.relowner and x.grantee = any (cast(? as oid[]))
            union
            select c.oid, x.grantee, x.privilege_type
            from pg_class c join pg_attribute a on a.attrelid = c.oid and not a.attisdropped cross join lateral aclexplode(a.attacl) x
            where c.oid = any (cast(? as oid[])) and x.grantee <> c.relowner and x.grantee = any (cast(? as oid[]))
            order by 1, 2, 3""";

    private static final String ROUTINES = """
            select n.nspname, p.proname || '(' || oidvectortypes(p.proargtypes) || ')',
                   quote_ident(n.nspname) || '.' || quote_ident(p.proname) || '(' || pg_get_function_identity_arguments(p.oid) || ')',
                   p.proowner, o.rolname, o.rolsuper or o.rolbypassrls, o.rolcanlogin, p.prosecdef, p.proleakproof,
                   coalesce((select c from unnest(p.proconfig) c where c like 'search\\_path=%' limit 1), ''),
                   exists (select from unnest(cast(? as oid[])) m (id)
                           where has_schema_privilege(m.id, n.oid, 'USAGE') and has_function_privilege(m.id, p.oid, 'EXECUTE')),
                   p.prorettype in ('trigger'::regtype, 'event_trigger'::regtype),
                   exists (select from pg_trigger t where t.tgfoid = p.oid and not t.tgisinternal and t.tgrelid = any (cast(? as oid[]))),
                   exists (select from pg_depend d where d.classid = 'pg_proc'::regclass and d.objid = p.oid
                           and d.refclassid = 'pg_extension'::regclass and d.deptype = 'e'),
                   coalesce(p.proconfig, '{}'),
                   array(select distinct x.grantee::text from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) x
                         where x.privilege_type = 'EXECUTE' and x.grantee <> p.proowner and x.grantee = any (cast(? as oid[])))
            from pg_proc p
            join pg_namespace n on n.oid = p.pronamespace
            join pg_roles o on o.oid = p.proowner
            where p.oid >= 16384 and n.nspname not in ('pg_catalog', 'information_schema')
              and (p.prosecdef or p.proleakproof or p.proconfig is not null or n.nspname in ('plg', 'plg_directory'))
            order by 1, 2""";

    private static final String SETTINGS = """
            select s.setdatabase <> 0, s.setrole <> 0, d.datname, r.rolname, c
            from pg_db_role_setting s
            left join pg_database d on d.oid = s.setdatabase
            left join pg_roles r on r.oid = s.setrole
            cross join lateral unnest(s.setconfig) c
            where s.setdatabase in (0, (select x.oid from pg_database x where x.datname = current_database()))
              and (s.setrole = 0 or r.rolname = ?)
            order by 1, 2""";

    private static final String SETTING = "select coalesce(current_setting(?, true), '')";

    private final Connection connection;
    final int version;
    final String database;
    /** The role that is audited. */
    final String role;
    /** The role that its statements run as, until they say otherwise. */
    final String current;

    final List<Role> roles;
    /** The role, those it is a member of and PUBLIC, superusers left out: they have every right without a grant. */
    final Set<Long> grantees;

    private Catalog(
            Connection connection,
            int version,
            String database,
            String role,
            String current,
            List<Role> roles,
            Set<Long> grantees) {
        this.connection = connection;
        this.version = version;
        this.database = database;
        this.role = role;
        this.current = current;
        this.roles = roles;
        this.grantees = grantees;
    }

    record Server(int version, String user, String login, String database) {}

    record Role(
            long oid,
            String name,
            boolean audited,
            boolean superuser,
            boolean bypass,
            boolean createRole,
            boolean replication) {}

    record Membership(
            long roleId,
            String role,
            String member,
            long grantorId,
            @Nullable String grantor) {}

    /** One relation that was wanted, or the child of one; or what was wanted and is not there. */
    record Relation(
            int wanted,
            String wantedSchema,
            @Nullable String wantedName,
            String column,
            boolean plg,
            boolean schemaExists,
            boolean child,
            long oid,
            String schema,
            String name,
            String kind,
            boolean partition,
            long owner,
            String ownerName,
            boolean rowSecurity,
            boolean forced,
            int columnNumber,
            String printedColumn,
            String type,
            String base,
            boolean text,
            boolean notNull,
            boolean deterministic,
            boolean citext,
            boolean reachable) {
        boolean exists() {
            return oid != 0;
        }

        boolean is(String kinds) {
            return kinds.contains(kind);
        }

        String qualified() {
            return Sql.identifier(schema) + "." + Sql.identifier(name);
        }
    }

    record Policy(
            long table,
            String name,
            boolean permissive,
            boolean forAll,
            boolean toPublic,
            boolean toAudited,
            String using,
            String check,
            boolean checks,
            boolean insertOnly) {}

    /** A permissive policy that applies to another role. */
    record Opened(long role, long table, String policy) {}

    record Index(
            long table,
            long oid,
            String name,
            String ownName,
            @Nullable String constraint,
            @Nullable String constraintType,
            String exclusion,
            boolean unique,
            boolean valid,
            boolean ofPartition,
            int firstColumn,
            String predicate,
            List<String> columnNumbers,
            List<String> columns,
            List<String> included,
            boolean nullsNotDistinct,
            boolean deferrable,
            boolean deferred) {}

    record ForeignKey(
            long table,
            long referenced,
            String name,
            long index,
            List<String> columnNumbers,
            List<String> referencedNumbers,
            List<String> columns,
            List<String> referencedColumns,
            String onUpdate,
            String onDelete,
            String match,
            boolean deferrable,
            boolean deferred) {}

    record Reader(
            long oid,
            String qualified,
            String kind,
            String rule,
            boolean securityInvoker,
            long owner,
            String ownerName,
            boolean ownerBypasses,
            List<Long> tables,
            boolean reachable) {
        /** Whether the audited role can read through it with the rights of its owner. */
        boolean lends() {
            return rule.equals("_RETURN") && kind.equals("v") && !securityInvoker && reachable;
        }
    }

    record Schema(long oid, String name, long owner, String ownerName, List<Long> creators) {}

    record Around(long oid, String schema, String name, String kind, long owner, String ownerName) {
        String qualified() {
            return Sql.identifier(schema) + "." + Sql.identifier(name);
        }
    }

    record Grant(long relation, long grantee, String privilege) {}

    record Routine(
            String schema,
            String signature,
            String qualified,
            long owner,
            String ownerName,
            boolean ownerBypasses,
            boolean ownerLogsIn,
            boolean securityDefiner,
            boolean leakproof,
            String searchPath,
            boolean reachable,
            boolean trigger,
            boolean triggerOfAudited,
            boolean ofExtension,
            List<String> config,
            List<Long> executors) {
        /** Whether the audited role can run it with the rights of its owner; whoever installs an extension answers for its functions. */
        boolean lends() {
            return securityDefiner && !ofExtension && (trigger ? triggerOfAudited : reachable);
        }
    }

    record Setting(
            boolean ofDatabase,
            boolean ofRole,
            @Nullable String database,
            @Nullable String role,
            String assignment) {}

    /**
     * Reads who is audited.
     *
     * @throws IllegalArgumentException if there is no such role
     */
    static Catalog open(Connection connection, Scope scope) throws SQLException {
        List<Server> servers = query(
                connection,
                SERVER,
                row -> new Server(row.getInt(1), row.getString(2), row.getString(3), row.getString(4)));
        Server server = servers.get(0);
        query(connection, PRINT_NAMES_IN_FULL, row -> row.getString(1));
        // Whoever took on a role with SET ROLE gives it back with RESET ROLE, so the login is what counts.
        String role = scope.role().orElse(server.login());
        List<Role> roles = query(
                connection,
                ROLES,
                row -> new Role(
                        row.getLong(1),
                        row.getString(2),
                        row.getBoolean(3),
                        row.getBoolean(4),
                        row.getBoolean(5),
                        row.getBoolean(6),
                        row.getBoolean(7)),
                role,
                role,
                role);
        Role audited = roles.stream()
                .filter(Role::audited)
                .findFirst()
                .orElseThrow(() -> new IllegalArgumentException(
                        "role must exist in the database, was \"" + role + "\": pg_roles has none of that name"));
        Set<Long> grantees = new LinkedHashSet<>();
        // Whatever a superuser may do follows from that alone; of the rest, what everybody may do is still worth
        // saying.
        if (!audited.superuser()) {
            roles.stream().filter(each -> !each.superuser()).forEach(each -> grantees.add(each.oid()));
        }
        grantees.add(PUBLIC);
        return new Catalog(
                connection,
                server.version(),
                server.database(),
                role,
                scope.role().orElse(server.user()),
                roles,
                grantees);
    }

    Role audited() {
        return roles.stream().filter(Role::audited).findFirst().orElseThrow();
    }

    /** The name of one of the {@link #grantees}, as SQL takes it. */
    String roleName(long oid) {
        return roles.stream()
                .filter(each -> each.oid() == oid)
                .map(each -> Sql.identifier(each.name()))
                .findFirst()
                .orElse("public");
    }

    List<Membership> memberships() throws SQLException {
        return query(
                connection,
                MEMBERSHIPS,
                row -> new Membership(
                        row.getLong(1), row.getString(2), row.getString(3), row.getLong(4), row.getString(5)),
                oids(grantees));
    }

    List<Relation> relations(Scope scope) throws SQLException {
        var schemas = new ArrayList<String>();
        var names = new ArrayList<@Nullable String>();
        var columns = new ArrayList<String>();
        var plg = new ArrayList<Boolean>();
        schemas.add("plg");
        names.add(null);
        columns.add("workspace_id");
        plg.add(true);
        for (Scope.NamedTable each : scope.tables()) {
            schemas.add(each.schema());
            names.add(each.table());
            columns.add(each.column());
            plg.add(false);
        }
        for (Scope.NamedSchema each : scope.schemas()) {
            schemas.add(each.schema());
            names.add(null);
            columns.add(each.column());
            plg.add(false);
        }
        return query(
                connection,
                TABLES,
                row -> new Relation(
                        row.getInt(1),
                        row.getString(2),
                        row.getString(3),
                        row.getString(4),
                        row.getBoolean(5),
                        row.getBoolean(6),
                        row.getBoolean(7),
                        row.getLong(8),
                        text(row, 9),
                        text(row, 10),
                        text(row, 11),
                        row.getBoolean(12),
                        row.getLong(13),
                        text(row, 14),
                        row.getBoolean(16),
                        row.getBoolean(17),
                        row.getInt(18),
                        text(row, 19),
                        text(row, 20),
                        text(row, 21),
                        row.getBoolean(22),
                        row.getBoolean(23),
                        row.getBoolean(24),
                        row.getBoolean(25),
                        row.getBoolean(26)),
                texts(schemas),
                texts(names),
                texts(columns),
                connection.createArrayOf("boolean", plg.toArray()),
                oids(grantees));
    }

    List<Policy> policies(Collection<Long> tables) throws SQLException {
        return query(
                connection,
                POLICIES,
                row -> new Policy(
                        row.getLong(1),
                        row.getString(2),
                        row.getBoolean(3),
                        row.getBoolean(4),
                        row.getBoolean(5),
                        row.getBoolean(6),
                        row.getString(7),
                        row.getString(8),
                        row.getBoolean(9),
                        row.getBoolean(10)),
                oids(grantees),
                oids(tables));
    }

    List<Opened> opened(Collection<Long> owners, Collection<Long> tables) throws SQLException {
        return query(
                connection,
                OPENED,
                row -> new Opened(row.getLong(1), row.getLong(2), row.getString(3)),
                oids(owners),
                oids(tables));
    }

    List<Index> indexes(Collection<Long> tables) throws SQLException {
        return query(
                connection,
                INDEXES,
                row -> new Index(
                        row.getLong(1),
                        row.getLong(2),
                        row.getString(3),
                        row.getString(4),
                        row.getString(5),
                        row.getString(6),
                        row.getString(7),
                        row.getBoolean(8),
                        row.getBoolean(9),
                        row.getBoolean(10),
                        row.getInt(11),
                        row.getString(12),
                        list(row, 13),
                        list(row, 14),
                        list(row, 15),
                        row.getBoolean(16),
                        row.getBoolean(17),
                        row.getBoolean(18)),
                oids(tables));
    }

    List<ForeignKey> foreignKeys(Collection<Long> tables) throws SQLException {
        return query(
                connection,
                FOREIGN_KEYS,
                row -> new ForeignKey(
                        row.getLong(1),
                        row.getLong(2),
                        row.getString(3),
                        row.getLong(4),
                        list(row, 5),
                        list(row, 6),
                        list(row, 7),
                        list(row, 8),
                        row.getString(9),
                        row.getString(10),
                        row.getString(11),
                        row.getBoolean(12),
                        row.getBoolean(13)),
                oids(tables),
                oids(tables));
    }

    List<Reader> readers(Collection<Long> tables) throws SQLException {
        return query(
                connection,
                READERS,
                row -> new Reader(
                        row.getLong(1),
                        Sql.identifier(row.getString(2)) + "." + Sql.identifier(row.getString(3)),
                        row.getString(4),
                        row.getString(5),
                        row.getBoolean(6),
                        row.getLong(7),
                        row.getString(8),
                        row.getBoolean(9),
                        numbers(row, 10),
                        row.getBoolean(11)),
                oids(tables),
                oids(grantees));
    }

    List<Schema> schemas(Collection<String> names) throws SQLException {
        return query(
                connection,
                SCHEMAS,
                row -> new Schema(row.getLong(1), row.getString(2), row.getLong(3), text(row, 4), numbers(row, 5)),
                oids(grantees),
                texts(names));
    }

    List<Around> around(Collection<String> schemas, Collection<Long> tables) throws SQLException {
        return query(
                connection,
                AROUND,
                row -> new Around(
                        row.getLong(1),
                        row.getString(2),
                        row.getString(3),
                        row.getString(4),
                        row.getLong(5),
                        text(row, 6)),
                texts(schemas),
                oids(tables));
    }

    List<Grant> grants(Collection<Long> relations) throws SQLException {
        return query(
                connection,
                GRANTS,
                row -> new Grant(row.getLong(1), row.getLong(2), row.getString(3)),
                oids(relations),
                oids(grantees),
                oids(relations),
                oids(grantees));
    }

    List<Routine> routines(Collection<Long> tables) throws SQLException {
        return query(
                connection,
                ROUTINES,
                row -> new Routine(
                        row.getString(1),
                        row.getString(2),
                        row.getString(3),
                        row.getLong(4),
                        row.getString(5),
                        row.getBoolean(6),
                        row.getBoolean(7),
                        row.getBoolean(8),
                        row.getBoolean(9),
                        row.getString(10),
                        row.getBoolean(11),
                        row.getBoolean(12),
                        row.getBoolean(13),
                        row.getBoolean(14),
                        list(row, 15),
                        numbers(row, 16)),
                oids(grantees),
                oids(tables),
                oids(grantees));
    }

    List<Setting> settings() throws SQLException {
        return query(
                connection,
                SETTINGS,
                row -> new Setting(
                        row.getBoolean(1), row.getBoolean(2), row.getString(3), row.getString(4), row.getString(5)),
                role);
    }

    /** The value of a setting in this session, empty if it has none. */
    String setting(String name) throws SQLException {
        return query(connection, SETTING, row -> row.getString(1), name).get(0);
    }

    private Array texts(Collection<? extends @Nullable String> values) throws SQLException {
        return connection.createArrayOf("text", values.toArray());
    }

    private static String oids(Collection<Long> oids) {
        return oids.stream().map(String::valueOf).collect(Collectors.joining(",", "{", "}"));
    }

    private static String text(ResultSet row, int column) throws SQLException {
        String value = row.getString(column);
        return value == null ? "" : value;
    }

    private static List<String> list(ResultSet row, int column) throws SQLException {
        return List.of((String[]) row.getArray(column).getArray());
    }

    private static List<Long> numbers(ResultSet row, int column) throws SQLException {
        return list(row, column).stream().map(Long::valueOf).toList();
    }

    private static <T> List<T> query(Connection connection, String sql, RowReader<T> reader, Object... parameters)
            throws SQLException {
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            for (int i = 0; i < parameters.length; i++) {
                statement.setObject(i + 1, parameters[i]);
            }
            try (ResultSet rows = statement.executeQuery()) {
                var result = new ArrayList<T>();
                while (rows.next()) {
                    result.add(reader.read(rows));
                }
                return result;
            }
        }
    }

    @FunctionalInterface
    private interface RowReader<T> {
        T read(ResultSet row) throws SQLException;
    }
}
