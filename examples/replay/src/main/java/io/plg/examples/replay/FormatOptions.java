package io.plg.examples.replay;

import picocli.CommandLine.Option;

/** How the rows of the files are written. */
class FormatOptions {

    @Option(
            names = "--delimiter",
            paramLabel = "TEXT",
            defaultValue = ",",
            description =
                    "What stands between two fields; '\\t' for a tab, ' ' for any run of spaces. Default: a comma")
    private String delimiter = ",";

    @Option(names = "--no-header", description = "The first row is data; columns are numbers from 1.")
    private boolean noHeader;

    TableFormat format() {
        return new TableFormat(delimiter.equals("\\t") ? "\t" : delimiter, !noHeader);
    }
}
