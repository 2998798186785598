package io.plg.tenancy;

import io.plg.PlgException;

/** The database does not keep tenants apart as strict mode demands. The message is the whole report. */
public class NotIsolated extends PlgException {
    private static final long serialVersionUID = 1L;

    private final transient AuditReport report;

    /**
     * Creates the error.
     *
     * @param report what the audit found
     */
    public NotIsolated(AuditReport report) {
        super(report.toString());
        this.report = report;
    }

    /**
     * Returns what the audit found.
     *
     * @return the report
     */
    public AuditReport report() {
        return report;
    }
}
