package io.plg.spring;

import io.plg.audit.IsolationAudit;
import io.plg.tenancy.AuditReport;
import io.plg.tenancy.Finding;
import java.util.List;
import org.springframework.boot.actuate.endpoint.OperationResponseBody;
import org.springframework.boot.actuate.endpoint.annotation.Endpoint;
import org.springframework.boot.actuate.endpoint.annotation.ReadOperation;

/** Audits the database anew each time it is asked: names of tables, policies and roles, nothing of any row. */
@Endpoint(id = "plgisolation")
final class PlgIsolationEndpoint {
    private final IsolationAudit audit;

    PlgIsolationEndpoint(IsolationAudit audit) {
        this.audit = audit;
    }

    @ReadOperation
    Audited audit() {
        AuditReport report = audit.run();
        return new Audited(
                report.isolated(),
                report.database(),
                report.role(),
                report.tables(),
                report.findings().stream().map(Fault::of).toList(),
                report.notProbed());
    }

    record Audited(
            boolean isolated,
            String database,
            String role,
            List<String> tables,
            List<Fault> findings,
            List<String> notProbed)
            implements OperationResponseBody {}

    record Fault(String severity, String check, String object, String problem, String remedy) {
        static Fault of(Finding finding) {
            return new Fault(
                    finding.severity().name(), finding.check(), finding.object(), finding.problem(), finding.remedy());
        }
    }
}
