package io.plg.audit;

import java.util.Set;
import java.util.regex.Pattern;

/** Names and texts in generated SQL. */
final class Sql {
    private static final Pattern PLAIN = Pattern.compile("[a-z_][a-z0-9_]*");

    /** The words that PostgreSQL 15 to 18 do not take as the name of a table or column. */
    private static final Set<String> RESERVED = Set.of("""
            all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate
            collation column concurrently constraint create cross current_catalog current_date current_role current_schema
            current_time current_timestamp current_user default deferrable desc distinct do else end except false fetch
            for foreign freeze from full grant group having ilike in initially inner intersect into is isnull join lateral
            leading left like limit localtime localtimestamp natural not notnull null offset on only or order outer
            overlaps placing primary references returning right select session_user similar some symmetric system_user
            table tablesample then to trailing true union unique user using variadic verbose when where window with""".split("\\s+"));

    private Sql() {}

    /** Quoted unless it is plain. */
    static String identifier(String name) {
        return PLAIN.matcher(name).matches() && !RESERVED.contains(name)
                ? name
                : '"' + name.replace("\"", "\"\"") + '"';
    }

    static String literal(String text) {
        String quoted = '\'' + text.replace("'", "''") + '\'';
        return text.indexOf('\\') < 0 ? quoted : " E" + quoted.replace("\\", "\\\\");
    }
}
