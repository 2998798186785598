package io.plg.tenancy;

import java.util.List;

/**
 * What keeps tenants apart has changed since the last look: a policy, a table, a role.
 *
 * @param changes what is different, one line each; {@code +} is there now, {@code -} was there before
 * @param appeared findings that the last look did not have
 * @param resolved findings of the last look that are gone
 * @param report the state now
 */
public record IsolationDrift(List<String> changes, List<Finding> appeared, List<Finding> resolved, AuditReport report) {

    /** Copies the lists. */
    public IsolationDrift {
        changes = List.copyOf(changes);
        appeared = List.copyOf(appeared);
        resolved = List.copyOf(resolved);
    }
}
