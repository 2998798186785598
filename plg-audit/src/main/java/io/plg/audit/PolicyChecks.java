package io.plg.audit;

import io.plg.audit.Guard.Match;
import io.plg.tenancy.Severity;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/** The policies of one table. Permissive policies add up, so one that is too wide is enough; a restrictive one holds them all back. */
final class PolicyChecks {
    private final Findings findings;
    private final Guarded table;
    private final List<Catalog.Policy> permissive;
    private final List<Catalog.Policy> restrictive;
    private final boolean heldBack;
    private final Set<String> lent;

    /**
     * For one table.
     *
     * @param lent the names of the policies that the audited role comes under with the rights of others
     */
    PolicyChecks(Findings findings, Guarded table, List<Catalog.Policy> policies, Set<String> lent) {
        this.findings = findings;
        this.table = table;
        this.lent = lent;
        permissive = policies.stream().filter(Catalog.Policy::permissive).toList();
        restrictive = policies.stream().filter(policy -> !policy.permissive()).toList();
        heldBack = restrictive.stream().anyMatch(policy -> holds(policy) && everywhere(policy));
    }

    /** For a table that needs no policies of its own as long as nothing lets rows through. */
    void runUnlessNone() {
        if (!permissive.isEmpty()) {
            run(true);
        }
    }

    /**
     * For a table that the audited role works with.
     *
     * @param forAnyRole whether it is enough that policies let others than the audited role through
     */
    void run(boolean forAnyRole) {
        if (permissive.isEmpty() && restrictive.isEmpty()) {
            noPolicy("to everybody", table.guard().createPolicies(table.name()));
            return;
        }
        if (permissive.isEmpty() || !forAnyRole && permissive.stream().noneMatch(Catalog.Policy::toAudited)) {
            List<Catalog.Policy> all =
                    Stream.concat(permissive.stream(), restrictive.stream()).toList();
            noPolicy(
                    permissive.isEmpty() ? "to everybody" : "to the role",
                    table.guard().createPolicy(table.name(), free(Guard.POLICY, all), true));
        }
        permissive();
        restrictive();
    }

    private void noPolicy(String toWhom, String remedy) {
        add(
                Severity.MEDIUM,
                Check.NO_POLICY,
                "no policy lets any row through, so the table looks empty " + toWhom,
                remedy);
    }

    /** The names of the permissive policies that let rows of other tenants through to whomever they apply to. */
    Set<String> open() {
        return heldBack
                ? Set.of()
                : permissive.stream()
                        .filter(policy -> !holds(policy))
                        .map(Catalog.Policy::name)
                        .collect(Collectors.toSet());
    }

    private void permissive() {
        boolean guarded = permissive.stream().anyMatch(this::holds);
        boolean replaced = false;
        for (Catalog.Policy policy : permissive) {
            if (alwaysTrue(policy)) {
                add(
                        severity(policy),
                        Check.POLICY_ALWAYS_TRUE,
                        "policy " + Sql.identifier(policy.name()) + " is true for every row",
                        guarded || replaced ? drop(policy) : recreate(policy));
                replaced |= !guarded;
            } else if (holds(policy)) {
                nearlyCanonical(policy);
            } else if (guarded || replaced) {
                add(
                        severity(policy),
                        Check.EXTRA_PERMISSIVE_POLICY,
                        "policy " + Sql.identifier(policy.name()) + " lets through what the canonical policy does not",
                        drop(policy));
            } else {
                add(
                        severity(policy),
                        Check.POLICY_NOT_CANONICAL,
                        "policy " + Sql.identifier(policy.name()) + " does not compare the tenant column with the "
                                + table.table().binding(),
                        recreate(policy));
                replaced = true;
            }
        }
    }

    private Severity severity(Catalog.Policy policy) {
        if (heldBack) {
            return Severity.MEDIUM;
        }
        return policy.toAudited() ? Severity.CRITICAL : lent.contains(policy.name()) ? Severity.HIGH : Severity.MEDIUM;
    }

    private void restrictive() {
        Optional<Catalog.Policy> canonical = restrictive.stream()
                .filter(policy -> holds(policy) && everywhere(policy))
                .findFirst();
        if (canonical.isPresent()) {
            nearlyCanonical(canonical.get());
            return;
        }
        for (Catalog.Policy policy : restrictive) {
            if (holds(policy) || alwaysTrue(policy)) {
                add(
                        Severity.MEDIUM,
                        alwaysTrue(policy) ? Check.POLICY_ALWAYS_TRUE : Check.POLICY_NOT_FOR_ALL,
                        "restrictive policy " + Sql.identifier(policy.name())
                                + (alwaysTrue(policy)
                                        ? " is true for every row"
                                        : " is not for all commands and all roles"),
                        recreate(policy));
                return;
            }
        }
        add(
                Severity.MEDIUM,
                Check.NO_RESTRICTIVE_POLICY,
                "no restrictive policy with the canonical text holds back other policies that somebody may add",
                table.guard().createPolicy(table.name(), free(Guard.RESTRICTIVE_POLICY, permissive), false));
    }

    private void nearlyCanonical(Catalog.Policy policy) {
        if (policy.checks() && policy.check().isEmpty()) {
            add(
                    Severity.MEDIUM,
                    Check.POLICY_WITHOUT_CHECK,
                    "policy " + Sql.identifier(policy.name()) + " has no WITH CHECK of its own",
                    rewrite(policy));
        } else if (using(policy) == Match.EQUIVALENT || check(policy) == Match.EQUIVALENT) {
            add(
                    Severity.MEDIUM,
                    Check.POLICY_NOT_CANONICAL,
                    "policy " + Sql.identifier(policy.name())
                            + " compares the right things, but asks anew for each row,"
                            + " or without nullif takes an empty setting for the id of a tenant",
                    rewrite(policy));
        }
    }

    private boolean holds(Catalog.Policy policy) {
        return policy.insertOnly()
                ? same(check(policy))
                : same(using(policy)) && (check(policy) == Match.NONE || same(check(policy)));
    }

    private static boolean same(Match match) {
        return match == Match.EXACT || match == Match.EQUIVALENT;
    }

    private static boolean everywhere(Catalog.Policy policy) {
        return policy.forAll() && policy.toPublic();
    }

    private boolean alwaysTrue(Catalog.Policy policy) {
        return using(policy) == Match.TRUE || check(policy) == Match.TRUE;
    }

    private Match using(Catalog.Policy policy) {
        return table.guard().match(policy.using());
    }

    private Match check(Catalog.Policy policy) {
        return table.guard().match(policy.check());
    }

    private String recreate(Catalog.Policy policy) {
        return table.guard().createPolicy(table.name(), policy.name(), policy.permissive());
    }

    /** A narrow policy stays as narrow as its author meant it. */
    private String rewrite(Catalog.Policy policy) {
        return everywhere(policy)
                ? recreate(policy)
                : table.guard().alterPolicy(table.name(), policy.name(), !policy.insertOnly(), policy.checks());
    }

    private String drop(Catalog.Policy policy) {
        return "drop policy " + Sql.identifier(policy.name()) + " on " + table.name() + ";";
    }

    /** The usual name, unless a policy that stays has it. */
    private static String free(String name, List<Catalog.Policy> staying) {
        return staying.stream().anyMatch(policy -> policy.name().equals(name)) ? free(name + "_1", staying) : name;
    }

    private void add(Severity severity, Check check, String problem, String remedy) {
        findings.add(severity, check, table.name(), problem, remedy);
    }
}
