package io.plg.audit;

import io.plg.audit.Guard.Match;
import io.plg.tenancy.Severity;
import java.util.List;
import java.util.Optional;

/** The policies of one table. Permissive policies add up, so one that is too wide is enough; a restrictive one holds them all back. */
final class PolicyChecks {
    private final Findings findings;
    private final Guarded table;
    private final List<Catalog.Policy> permissive;
    private final List<Catalog.Policy> restrictive;
    private final boolean heldBack;

    PolicyChecks(Findings findings, Guarded table, List<Catalog.Policy> policies) {
        this.findings = findings;
        this.table = table;
        permissive = policies.stream().filter(Catalog.Policy::permissive).toList();
        restrictive = policies.stream().filter(policy -> !policy.permissive()).toList();
        heldBack = restrictive.stream().anyMatch(policy -> holds(policy) && everywhere(policy));
    }

    /** For a table that needs no policies of its own as long as nothing lets rows through. */
    void runUnlessNone() {
        if (!permissive.isEmpty()) {
            run();
        }
    }

    void run() {
        if (permissive.isEmpty()) {
            findings.add(
                    Severity.MEDIUM,
                    Check.NO_POLICY,
                    table.name(),
                    "no policy lets any row through, so the table looks empty to everybody",
                    restrictive.isEmpty()
                            ? table.guard().createPolicies(table.name())
                            : table.guard().createPolicy(table.name(), free(Guard.POLICY, restrictive), true));
            if (restrictive.isEmpty()) {
                return;
            }
        }
        permissive();
        restrictive();
    }

    private void permissive() {
        Optional<Catalog.Policy> canonical = permissive.stream()
                .filter(policy -> holds(policy) && everywhere(policy))
                .findFirst();
        boolean guarded = permissive.stream().anyMatch(this::holds);
        boolean replaced = false;
        for (Catalog.Policy policy : permissive) {
            boolean isCanonical = canonical.isPresent() && canonical.get().equals(policy);
            if (alwaysTrue(policy)) {
                add(
                        heldBack || !policy.toAudited() ? Severity.MEDIUM : Severity.CRITICAL,
                        Check.POLICY_ALWAYS_TRUE,
                        "policy " + Sql.identifier(policy.name()) + " is true for every row",
                        guarded || replaced ? drop(policy) : recreate(policy));
                replaced |= !guarded;
            } else if (isCanonical) {
                nearlyCanonical(policy);
            } else if (holds(policy) && canonical.isEmpty()) {
                add(
                        Severity.MEDIUM,
                        Check.POLICY_NOT_FOR_ALL,
                        "policy " + Sql.identifier(policy.name()) + " is not for all commands and all roles",
                        recreate(policy));
            } else if (guarded || replaced) {
                add(
                        heldBack || !policy.toAudited() || holds(policy) ? Severity.MEDIUM : Severity.CRITICAL,
                        Check.EXTRA_PERMISSIVE_POLICY,
                        "policy " + Sql.identifier(policy.name()) + " lets through what the canonical policy does not",
                        drop(policy));
            } else {
                add(
                        heldBack || !policy.toAudited() ? Severity.MEDIUM : Severity.CRITICAL,
                        Check.POLICY_NOT_CANONICAL,
                        "policy " + Sql.identifier(policy.name()) + " does not compare the tenant column with the "
                                + table.table().binding(),
                        recreate(policy));
                replaced = true;
            }
        }
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
        if (policy.check().isEmpty()) {
            add(
                    Severity.MEDIUM,
                    Check.POLICY_WITHOUT_CHECK,
                    "policy " + Sql.identifier(policy.name()) + " has no WITH CHECK of its own",
                    recreate(policy));
        } else if (using(policy) == Match.EQUIVALENT || check(policy) == Match.EQUIVALENT) {
            add(
                    Severity.MEDIUM,
                    Check.POLICY_NOT_CANONICAL,
                    "policy " + Sql.identifier(policy.name())
                            + " lets the right rows through, but asks anew for each row",
                    recreate(policy));
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
