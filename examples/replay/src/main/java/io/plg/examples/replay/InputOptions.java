package io.plg.examples.replay;

import picocli.CommandLine.Option;

/** The options of every command that reads files. */
final class InputOptions {

    @Option(
            names = "--delimiter",
            paramLabel = "TEXT",
            defaultValue = ",",
            description =
                    "What stands between two fields; '\\t' for a tab, ' ' for any run of spaces. Default: a comma")
    private String delimiter = ",";

    @Option(names = "--no-header", description = "The first row is data; columns are numbers from 1.")
    private boolean noHeader;

    @Option(
            names = "--skip-bad-rows",
            description = "Count rows that cannot be read and go on; how many is said on stderr.")
    private boolean skipBadRows;

    TableFormat format() {
        return new TableFormat(delimiter.equals("\\t") ? "\t" : delimiter, !noHeader);
    }

    BadRows badRows() {
        return new BadRows(skipBadRows);
    }
}
