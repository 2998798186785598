package io.plg.audit;

import io.plg.audit.ProbeCatalog.Column;
import io.plg.audit.ProbeRows.Tenant;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * All attempts on one table as one PL/pgSQL block, because each as a call of its own would cost three round trips. Every attempt is a
 * block inside it that ends with an exception, by which PostgreSQL undoes what it did.
 *
 * <p>An attempt leaked if it reached a row of the other tenant, or if it was stopped by a constraint: constraints are checked after the
 * policies. Any other error but a refusal leaves open what would have happened.
 */
final class ProbeScript {
    private static final String REFUSED = "42501";
    private static final String TRIED = "PLG01";
    private static final String STOPPED = "22012";
    private static final String TOO_MANY_ROWS = "P0003";
    private static final String DATA_EXCEPTION = "22";
    private static final String CONSTRAINT_VIOLATION = "23";

    /** Kinds that are meant to stay with rows of its own where they are held; so a constraint may stop them there. */
    private static final Set<Kind> OWN_ROWS = EnumSet.of(Kind.ON_CONFLICT_OWN, Kind.UPDATE_ALL, Kind.DELETE_ALL);

    /** What leaves nothing behind. */
    private static final Set<String> READS = Set.of("OWN", "SELECT", "COUNT", "EXISTS", "JOIN", "RECURSIVE_CTE");

    private final ProbeRows rows;
    private final ProbeRows.Pair pair;
    private final StringBuilder sql = new StringBuilder();

    ProbeScript(ProbeRows rows, ProbeRows.Pair pair) {
        this.rows = rows;
        this.pair = pair;
    }

    /** The block, and the query of what came of it. */
    String text() {
        String tag = "$plg_" + Long.toString(ThreadLocalRandom.current().nextLong(1L << 40, 1L << 41), 36) + '$';
        sql.append("do ").append(tag).append("""

                #variable_conflict use_column
                declare
                    plg_n bigint;
                    plg_text text;
                    plg_from text;
                    plg_out text := '';
                begin
                """);
        String table = pair.sqlName();
        for (Tenant tenant : Tenant.values()) {
            bind(tenant);
            attempt("OWN", "select count(*) into plg_n from " + table + " where " + is(tenant) + ";");
        }
        // A loop, because a statement that comes again needs no plan of its own.
        sql.append("foreach plg_from in array array['ANOTHER', 'NOBODY'] loop\nif plg_from = 'ANOTHER' then\n");
        bind(Tenant.B);
        sql.append("else\n");
        bind(null);
        sql.append("end if;\n");
        reads(table);
        writes(table);
        sql.append("end loop;\nperform pg_catalog.set_config('plg_probe.out', plg_out, true);\nend ")
                .append(tag)
                .append(";select pg_catalog.current_setting('plg_probe.out');");
        return sql.toString();
    }

    private void reads(String t) {
        String k = pair.tenantColumn();
        String foreign = is(Tenant.A);
        // Not only the synthetic row: a policy may let rows through for another reason.
        attempt(
                Kind.SELECT,
                "if plg_from = 'ANOTHER' then perform from " + t + " where " + k + " <> " + pair.tenant(Tenant.B)
                        + " limit 1; else perform from " + t + " limit 1; end if; plg_n := found::int;");
        attempt(Kind.COUNT, "select count(*) into plg_n from " + t + " where " + foreign + ";");
        attempt(
                Kind.EXISTS,
                "select count(*) into plg_n from (select 1) s where exists (select from " + t + " where " + foreign
                        + ");");
        attempt(
                Kind.JOIN,
                "select count(*) into plg_n from (select " + pair.tenant(Tenant.A) + " as plg_k) s join " + t
                        + " t on t." + k + " = s.plg_k;");
        attempt(
                Kind.RECURSIVE_CTE,
                "with recursive plg_r (plg_k) as (select " + k + " from " + t + " where " + foreign + " union select t."
                        + k + " from " + t + " t join plg_r on t." + k
                        + " = plg_r.plg_k) select count(*) into plg_n from plg_r;");
        attempt(
                Kind.FOR_UPDATE,
                "perform from " + t + " where " + foreign + " for update; get diagnostics plg_n = row_count;");
    }

    private void writes(String t) {
        String k = pair.tenantColumn();
        String foreign = is(Tenant.A);
        Column updated = pair.updated();
        String c = ProbeCatalog.quoted(updated.name());
        String itself = " set " + c + " = " + c;
        String count = " get diagnostics plg_n = row_count;";
        String into = "insert into " + t + " (" + pair.columnList() + ") overriding system value values (";
        String insert = into + pair.literals(pair.another(Tenant.A)) + ')';

        attempt(Kind.INSERT, insert + ";" + count);
        attempt(Kind.CTE_INSERT, "with plg_w as (" + insert + " returning 1) select count(*) into plg_n from plg_w;");
        attempt(Kind.ON_CONFLICT_DO_NOTHING, into + pair.same(Tenant.A) + ") on conflict do nothing; plg_n := 1;");
        pair.key()
                .ifPresent(key -> attempt(
                        Kind.ON_CONFLICT_DO_UPDATE, into + pair.same(Tenant.A) + onConflict(key, c) + " plg_n := 1;"));
        // The row becomes a second one of its own, or it has changed the foreign one.
        pair.sharedKey()
                .ifPresent(key -> forAnother(() -> attempt(
                        Kind.ON_CONFLICT_OWN,
                        into + pair.literals(pair.withForeignKey(key)) + onConflict(key, c)
                                + " select 2 - count(*) into plg_n from " + t + " where " + is(Tenant.B) + ";")));

        attempt(Kind.UPDATE, "update " + t + itself + " where " + foreign + ";" + count);
        attempt(
                Kind.UPDATE_RETURNING,
                "update " + t + itself + " where " + foreign + " returning cast(" + k
                        + " as text) into plg_text; plg_n := (plg_text is not null)::int;");
        attempt(
                Kind.CTE_UPDATE,
                "with plg_w as (update " + t + itself + " where " + foreign
                        + " returning 1) select count(*) into plg_n from plg_w;");
        attempt(
                Kind.MOVE_IN,
                "update " + t + " set " + k + " = " + pair.tenant(Tenant.B) + " where " + foreign + ";" + count);
        attempt(Kind.DELETE, "delete from " + t + " where " + foreign + ";" + count);
        attempt(
                Kind.DELETE_RETURNING,
                "delete from " + t + " where " + foreign + " returning cast(" + k
                        + " as text) into plg_text; plg_n := (plg_text is not null)::int;");
        attempt(
                Kind.CTE_DELETE,
                "with plg_w as (delete from " + t + " where " + foreign
                        + " returning 1) select count(*) into plg_n from plg_w;");

        // A statement that names no column of the table is not held by what may be selected. So that it does not touch
        // all there is where nothing holds it, its condition counts the rows that it is let to, and fails at the first
        // that cannot be its own.
        String start = "perform pg_catalog.set_config('plg_probe.n', (plg_from = 'NOBODY')::int::text, true); ";
        String guard = " where 1 / (2 - pg_catalog.set_config("
                + "'plg_probe.n', (pg_catalog.current_setting('plg_probe.n')::int + 1)::text, true)::int) is not null;"
                + " plg_n := 0;";
        attempt(Kind.UPDATE_ALL, start + "update " + t + " set " + c + " = " + pair.update(updated) + guard);
        attempt(Kind.DELETE_ALL, start + "delete from " + t + guard);
        forAnother(() -> attempt(
                Kind.MOVE_OUT,
                start + "update " + t + " set " + k + " = " + pair.tenant(Tenant.A)
                        + guard.replace("plg_n := 0;", "get diagnostics plg_n = row_count;")));

        String onForeign = "merge into " + t + " t using (select " + pair.tenant(Tenant.A) + " as plg_k) s on t." + k
                + " = s.plg_k when matched then ";
        attempt(Kind.MERGE_UPDATE, onForeign + "update set " + c + " = t." + c + ";" + count);
        attempt(Kind.MERGE_DELETE, onForeign + "delete;" + count);
        attempt(
                Kind.MERGE_INSERT,
                "merge into " + t + " t using (select 1) s on false when not matched then insert (" + pair.columnList()
                        + ") overriding system value values (" + pair.literals(pair.another(Tenant.A)) + ");" + count);
    }

    private static String onConflict(List<Column> key, String updated) {
        return ") on conflict ("
                + key.stream().map(column -> ProbeCatalog.quoted(column.name())).collect(Collectors.joining(", "))
                + ") do update set " + updated + " = excluded." + updated + ";";
    }

    private String is(Tenant tenant) {
        return pair.tenantColumn() + " = " + pair.tenant(tenant);
    }

    private void bind(@Nullable Tenant tenant) {
        sql.append(rows.bind(pair.table(), tenant).replaceFirst("select", "perform"))
                .append(";\n");
    }

    private void forAnother(Runnable attempt) {
        sql.append("if plg_from = 'ANOTHER' then\n");
        attempt.run();
        sql.append("end if;\n");
    }

    private void attempt(Kind kind, String statement) {
        attempt(kind.name(), statement);
    }

    private void attempt(String kind, String statement) {
        String line = "plg_out := plg_out || '" + kind + "\t' || coalesce(plg_from, '') || '\t' || ";
        sql.append("begin plg_n := 0; plg_text := null; ").append(statement);
        if (READS.contains(kind)) {
            // Nothing to undo, and an exception costs as much as the statement.
            sql.append(' ').append(line).append("'" + TRIED + "' || '\t' || plg_n || '\t' || E'\\n';");
        } else {
            sql.append(" raise exception using errcode = '" + TRIED + "';");
        }
        sql.append(" exception when others then ")
                .append(line)
                .append(
                        "sqlstate || '\t' || plg_n || '\t' || pg_catalog.translate(sqlerrm, E'\\n\\t', '  ') || E'\\n'; end;\n");
    }

    /** Reads what came of it. */
    void answered(String answer, List<Attempt> attempts, List<String> notProbed) {
        String table = pair.table().qualified();
        var undecided = new LinkedHashMap<String, Set<Kind>>();
        var found = new ArrayList<Attempt>();
        for (String line : answer.split("\n", -1)) {
            String[] parts = line.split("\t", 5);
            if (parts.length < 5) {
                continue;
            }
            String state = parts[2];
            long reached = Long.parseLong(parts[3]);
            if (parts[0].equals("OWN")) {
                // Without this, a table in which nobody sees anything would seem to be safe.
                if (!state.equals(TRIED) || reached < 1) {
                    notProbed.add(table + ": a tenant does not see the row that it has written itself");
                    return;
                }
                continue;
            }
            Kind kind = Kind.valueOf(parts[0]);
            var attempt = new Attempt(
                    table, kind, From.valueOf(parts[1]), outcome(kind, From.valueOf(parts[1]), state, reached));
            found.add(attempt);
            if (attempt.outcome() == Outcome.UNDECIDED) {
                undecided
                        .computeIfAbsent(parts[4], message -> EnumSet.noneOf(Kind.class))
                        .add(kind);
            }
        }
        attempts.addAll(found);
        for (Map.Entry<String, Set<Kind>> each : undecided.entrySet()) {
            notProbed.add(
                    table + ": " + each.getValue().stream().map(Kind::text).collect(Collectors.joining(", ")) + ": "
                            + each.getKey());
        }
    }

    private static Outcome outcome(Kind kind, From from, String state, long reached) {
        if (state.equals(TRIED)) {
            return reached > 0 ? Outcome.LEAKED : Outcome.HELD;
        }
        if (state.equals(REFUSED)) {
            return Outcome.HELD;
        }
        if (kind.guarded && state.equals(STOPPED) || state.equals(TOO_MANY_ROWS)) {
            return Outcome.LEAKED;
        }
        if (state.startsWith(CONSTRAINT_VIOLATION)) {
            return OWN_ROWS.contains(kind) ? Outcome.HELD : Outcome.LEAKED;
        }
        // A policy may fail because nothing is bound: so nothing is reached either.
        return from == From.NOBODY && state.startsWith(DATA_EXCEPTION) ? Outcome.HELD : Outcome.UNDECIDED;
    }

    /** Who reaches for the row of tenant A. */
    enum From {
        ANOTHER,
        NOBODY;

        @Nullable
        Tenant tenant() {
            return this == ANOTHER ? Tenant.B : null;
        }
    }

    /** The kinds of statements, as the names of checks, and what one can do that should not. */
    enum Kind {
        SELECT("select", "read its rows"),
        COUNT("count", "count its rows"),
        EXISTS("exists", "ask whether it has rows"),
        JOIN("join", "read its rows by a join"),
        RECURSIVE_CTE("recursive-cte", "read its rows by a recursive query"),
        FOR_UPDATE("for-update", "lock its rows"),
        INSERT("insert", "write rows for it"),
        CTE_INSERT("cte-insert", "write rows for it in a WITH"),
        ON_CONFLICT_DO_NOTHING("on-conflict-do-nothing", "write rows for it by ON CONFLICT DO NOTHING"),
        ON_CONFLICT_DO_UPDATE("on-conflict-do-update", "change its rows by ON CONFLICT DO UPDATE"),
        ON_CONFLICT_OWN("on-conflict-own-row", "change its rows by ON CONFLICT DO UPDATE of an own row"),
        UPDATE("update", "update its rows"),
        UPDATE_RETURNING("update-returning", "update and read its rows by UPDATE RETURNING"),
        UPDATE_ALL("update-all", "update its rows by an UPDATE without a condition", true),
        CTE_UPDATE("cte-update", "update its rows in a WITH"),
        MOVE_OUT("move-out", "give it rows by changing their tenant", true),
        MOVE_IN("move-in", "take its rows by changing their tenant"),
        DELETE("delete", "delete its rows"),
        DELETE_RETURNING("delete-returning", "delete and read its rows by DELETE RETURNING"),
        DELETE_ALL("delete-all", "delete its rows by a DELETE without a condition", true),
        CTE_DELETE("cte-delete", "delete its rows in a WITH"),
        MERGE_UPDATE("merge-update", "update its rows by MERGE"),
        MERGE_DELETE("merge-delete", "delete its rows by MERGE"),
        MERGE_INSERT("merge-insert", "write rows for it by MERGE"),
        COPY_TO("copy-to", "read its rows by COPY"),
        COPY_FROM("copy-from", "write rows for it by COPY");

        private final String text;
        private final String can;
        private final boolean guarded;

        Kind(String text, String can) {
            this(text, can, false);
        }

        Kind(String text, String can, boolean guarded) {
            this.text = text;
            this.can = can;
            this.guarded = guarded;
        }

        String text() {
            return text;
        }

        String can() {
            return can;
        }
    }

    /** What came of an attempt. */
    enum Outcome {
        HELD,
        LEAKED,
        UNDECIDED
    }

    /** One thing that was tried. */
    record Attempt(String table, Kind kind, From from, Outcome outcome) {}
}
