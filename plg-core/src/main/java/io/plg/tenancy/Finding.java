package io.plg.tenancy;

import java.util.Objects;

/**
 * One fault that an audit found.
 *
 * @param severity how bad it is
 * @param check the name of the check, such as {@code rls-not-forced}: stable, for filters and tickets
 * @param object what has the fault, as the database names it, such as {@code plg.invite}
 * @param problem what is wrong, in one sentence without a full stop
 * @param remedy the SQL that mends it, to be run by an administrator; lines that begin with {@code --} say what SQL cannot do
 */
public record Finding(Severity severity, String check, String object, String problem, String remedy) {

    /** Checks that nothing is missing. */
    public Finding {
        Objects.requireNonNull(severity, "severity");
        Objects.requireNonNull(check, "check");
        Objects.requireNonNull(object, "object");
        Objects.requireNonNull(problem, "problem");
        Objects.requireNonNull(remedy, "remedy");
    }

    /** Returns the finding in one line: severity, object, problem and remedy. */
    @Override
    public String toString() {
        return severity + " " + object + ": " + problem + " → " + remedy.replaceAll("\\s*\\R\\s*", " ");
    }
}
