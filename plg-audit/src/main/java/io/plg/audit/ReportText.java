package io.plg.audit;

import io.plg.internal.Json;
import io.plg.tenancy.AuditReport;
import io.plg.tenancy.Finding;
import java.util.LinkedHashMap;
import java.util.Map;

/** What the command prints. */
final class ReportText {
    private ReportText() {}

    /** For people: what was audited, the verdict, each finding with its remedy, and what could not be tried. */
    static String text(AuditReport report) {
        var text = new StringBuilder();
        text.append(report.database())
                .append(report.role().isEmpty() ? "" : ", role " + report.role())
                .append('\n');
        int tables = report.tables().size();
        text.append(tables).append(tables == 1 ? " tenant table" : " tenant tables");
        text.append(tables == 0 ? "\n" : ": " + String.join(", ", report.tables()) + "\n");
        int findings = report.findings().size();
        text.append('\n');
        text.append(
                findings == 0
                        ? "isolated"
                        : "NOT ISOLATED, " + findings + (findings == 1 ? " finding" : " findings, the worst first"));
        text.append('\n');
        for (Finding each : report.findings()) {
            text.append('\n')
                    .append(each.severity())
                    .append(' ')
                    .append(each.object())
                    .append(": ")
                    .append(each.problem())
                    .append(" (")
                    .append(each.check())
                    .append(")\n")
                    .append(each.remedy().indent(4));
        }
        if (!report.notProbed().isEmpty()) {
            text.append('\n');
            report.notProbed()
                    .forEach(each -> text.append("not probed: ").append(each).append('\n'));
        }
        return text.toString();
    }

    /** For programs: one JSON document on one line. */
    static String json(AuditReport report) {
        var json = new LinkedHashMap<String, Object>();
        json.put("database", report.database());
        json.put("role", report.role());
        json.put("tables", report.tables());
        json.put("isolated", report.isolated());
        json.put("findings", report.findings().stream().map(ReportText::json).toList());
        json.put("notProbed", report.notProbed());
        return Json.write(json) + "\n";
    }

    private static Map<String, Object> json(Finding finding) {
        var json = new LinkedHashMap<String, Object>();
        json.put("severity", finding.severity().name());
        json.put("check", finding.check());
        json.put("object", finding.object());
        json.put("problem", finding.problem());
        json.put("remedy", finding.remedy());
        return json;
    }
}
