package io.plg.audit;

import io.plg.tenancy.Finding;
import io.plg.tenancy.Severity;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/** What has been found so far; the same fault found in two ways counts once. */
final class Findings {
    private final Set<Finding> found = new LinkedHashSet<>();

    void add(Severity severity, Check check, String object, String problem, String remedy) {
        found.add(new Finding(severity, check.id(), object, problem, remedy));
    }

    List<Finding> toList() {
        return List.copyOf(found);
    }
}
