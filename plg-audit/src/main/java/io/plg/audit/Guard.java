package io.plg.audit;

import java.nio.charset.StandardCharsets;
import java.util.regex.Pattern;

/**
 * The one policy text that holds for a tenant column: how to write it, and how PostgreSQL prints it. A printed text is compared whole, because
 * whatever else a policy says may let foreign rows through; casts are only those that cannot make two ids equal.
 */
final class Guard {
    static final String POLICY = "workspace";
    static final String RESTRICTIVE_POLICY = "workspace_only";

    private static final String ALIAS = "(?: AS (?:\"(?:[^\"]|\"\")+\"|[a-z_][a-z0-9_$]*))?";

    private final String column;
    private final String expression;
    private final Pattern exact;
    private final Pattern equivalent;

    /** What a printed expression is. */
    enum Match {
        /** The canonical text. */
        EXACT,
        /**
         * It compares the same things, but the planner evaluates it for each row or cannot use an index, or it fails where nobody bound a
         * tenant, or finds rows whose tenant is the empty text.
         */
        EQUIVALENT,
        TRUE,
        OTHER,
        NONE
    }

    /**
     * For a tenant column.
     *
     * @param column its name
     * @param printedColumn its name as PostgreSQL prints it, which quotes more words than must be
     * @param base its type without length, or the type below a domain, as PostgreSQL prints it when only pg_catalog is searched
     * @param text whether that is a kind of text, which compares with the setting as it is
     */
    Guard(String column, String printedColumn, String base, boolean text, TenantBinding binding) {
        this.column = Sql.identifier(column);
        expression = this.column + " = (select " + value(base, text, binding) + ")";
        String name = Pattern.quote(printedColumn);
        exact = comparison(name, base, text, binding, false);
        equivalent = comparison(name, base, text, binding, true);
    }

    /** The canonical comparison, to be written between the parentheses of USING and WITH CHECK. */
    String expression() {
        return expression;
    }

    Match match(String printed) {
        if (printed.isEmpty()) {
            return Match.NONE;
        }
        if (printed.equals("true")) {
            return Match.TRUE;
        }
        if (exact.matcher(printed).matches()) {
            return Match.EXACT;
        }
        return equivalent.matcher(printed).matches() ? Match.EQUIVALENT : Match.OTHER;
    }

    String createPolicy(String table, String policy, boolean permissive) {
        return """
                drop policy if exists %1$s on %2$s;
                create policy %1$s on %2$s%3$s
                    using (%4$s)
                    with check (%4$s);""".formatted(Sql.identifier(policy), table, permissive ? "" : " as restrictive", expression);
    }

    /** Replaces the expressions that a policy may have. */
    String alterPolicy(String table, String policy, boolean using, boolean check) {
        return "alter policy " + Sql.identifier(policy) + " on " + table
                + (using ? " using (" + expression + ")" : "")
                + (check ? " with check (" + expression + ")" : "")
                + ";";
    }

    String enable(String table) {
        return "alter table " + table + " enable row level security;\n" + force(table);
    }

    static String force(String table) {
        return "alter table " + table + " force row level security;";
    }

    String createPolicies(String table) {
        return createPolicy(table, POLICY, true) + "\n" + createPolicy(table, RESTRICTIVE_POLICY, false);
    }

    /** An index led by the tenant column; the name makes it safe to run again. */
    String createIndex(TenantTable table) {
        String name = table.name() + "_" + table.column() + "_tenant";
        if (name.getBytes(StandardCharsets.UTF_8).length > 63) {
            name = "tenant_" + Integer.toHexString(name.hashCode());
        }
        return "create index if not exists " + Sql.identifier(name) + " on " + table.qualified() + " (" + column + ");";
    }

    /** Everything that a table without any guard needs. */
    String script(TenantTable table, boolean withIndex) {
        return enable(table.qualified())
                + "\n"
                + createPolicies(table.qualified())
                + (withIndex ? "\n" + createIndex(table) : "");
    }

    private static String value(String base, boolean text, TenantBinding binding) {
        String setting = "nullif(current_setting(" + Sql.literal(binding.settingName()) + ", true), '')";
        if (binding.claim().isEmpty()) {
            return text ? setting : setting + "::" + base;
        }
        var claim = new StringBuilder(setting + "::jsonb");
        String[] path = binding.claim().split("[.]");
        for (int i = 0; i < path.length; i++) {
            claim.append(i == path.length - 1 ? " ->> " : " -> ").append(Sql.literal(path[i]));
        }
        return text ? claim.toString() : "(" + claim + ")::" + base;
    }

    private static Pattern comparison(
            String column, String base, boolean text, TenantBinding binding, boolean equivalent) {
        String cast = "::" + Pattern.quote(base);
        String columnAsText = either(column, "\\(" + column + "\\)::text");
        String columnAsIs = text ? columnAsText : either(column, "\\(" + column + "\\)" + cast);
        String value = printedValue(binding, false, equivalent);
        String selectedSource = printedValue(binding, true, equivalent);

        String selectedText = either("\\( SELECT " + value + ALIAS + "\\)", selectedSource);
        String selected = text
                ? selectedText
                : either(
                        "\\( SELECT \\(" + value + "\\)" + cast + ALIAS + "\\)",
                        "\\(\\( SELECT " + value + ALIAS + "\\)\\)" + cast,
                        "\\(" + selectedSource + "\\)" + cast);
        if (!equivalent) {
            return Pattern.compile("\\(" + columnAsIs + " = " + selected + "\\)");
        }
        String any = text ? either(selected, value) : either(selected, "\\(" + value + "\\)" + cast);
        String anyText = either(selectedText, value);
        return Pattern.compile("\\("
                + either(
                        columnAsIs + " = " + any,
                        any + " = " + columnAsIs,
                        columnAsText + " = " + anyText,
                        anyText + " = " + columnAsText)
                + "\\)");
    }

    /** The value as text. A claim may be taken from a token that is itself selected once: {@code (select auth.jwt()) ->> 'org_id'}. */
    private static String printedValue(TenantBinding binding, boolean sourceSelected, boolean equivalent) {
        String name = Pattern.quote("current_setting('" + binding.settingName() + "'::text");
        String setting = name + (equivalent ? "(?:, (?:true|false))?" : ", true") + "\\)";
        if (binding.claim().isEmpty()) {
            String notEmpty = "NULLIF\\(" + setting + ", ''::text\\)";
            String value = equivalent ? either(notEmpty, setting) : notEmpty;
            return sourceSelected ? "\\( SELECT " + value + ALIAS + "\\)" : value;
        }
        String token = either(
                "\\(" + either(setting, "NULLIF\\(" + setting + ", ''::text\\)") + "\\)::jsonb?", "auth\\.jwt\\(\\)");
        String claim = sourceSelected ? "\\( SELECT " + token + ALIAS + "\\)" : token;
        String[] path = binding.claim().split("[.]");
        for (int i = 0; i < path.length; i++) {
            String arrow = i == path.length - 1 ? " ->> " : " -> ";
            claim = "\\(" + claim + arrow + Pattern.quote("'" + path[i] + "'::text") + "\\)";
        }
        return either(claim, "NULLIF\\(" + claim + ", ''::text\\)");
    }

    private static String either(String... patterns) {
        return "(?:" + String.join("|", patterns) + ")";
    }
}
