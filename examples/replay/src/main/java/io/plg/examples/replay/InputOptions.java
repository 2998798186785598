package io.plg.examples.replay;

import picocli.CommandLine.Option;

/** The options of the commands that end at a row that they cannot read. */
final class InputOptions extends FormatOptions {

    @Option(
            names = "--skip-bad-rows",
            description = "Count rows that cannot be read and go on; how many is said on stderr.")
    private boolean skipBadRows;

    BadRows badRows() {
        return new BadRows(skipBadRows);
    }
}
