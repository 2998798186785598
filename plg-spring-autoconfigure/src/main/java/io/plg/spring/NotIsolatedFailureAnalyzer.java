package io.plg.spring;

import io.plg.tenancy.Finding;
import io.plg.tenancy.NotIsolated;
import java.util.stream.Collectors;
import org.springframework.boot.diagnostics.AbstractFailureAnalyzer;
import org.springframework.boot.diagnostics.FailureAnalysis;

/** Has Spring Boot print what the audit found and the SQL that mends it. */
final class NotIsolatedFailureAnalyzer extends AbstractFailureAnalyzer<NotIsolated> {

    @Override
    protected FailureAnalysis analyze(Throwable rootFailure, NotIsolated cause) {
        String found = cause.report().findings().stream()
                .map(NotIsolatedFailureAnalyzer::line)
                .collect(Collectors.joining(
                        "\n",
                        "plg.isolation.audit is \"strict\", and "
                                + cause.report().database() + " is NOT ISOLATED for role "
                                + cause.report().role() + ":\n\n",
                        ""));
        return new FailureAnalysis(
                found, "Run this as an administrator:\n\n" + cause.report().remedies(), cause);
    }

    private static String line(Finding finding) {
        return "  " + finding.severity() + " " + finding.object() + ": " + finding.problem();
    }
}
