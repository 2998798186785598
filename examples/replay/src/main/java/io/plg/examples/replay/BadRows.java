package io.plg.examples.replay;

import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;

/** What becomes of rows that cannot be used: by default the first one ends the run, with {@code --skip-bad-rows} they are counted. */
final class BadRows {
    private final boolean skip;
    private long skipped;
    private @Nullable String first;

    BadRows(boolean skip) {
        this.skip = skip;
    }

    void handle(BadInput row) {
        if (!skip) {
            throw row;
        }
        if (first == null) {
            first = row.getMessage();
        }
        skipped++;
    }

    long skipped() {
        return skipped;
    }

    void tell(PrintWriter err) {
        if (skipped > 0) {
            err.println(
                    "replay: skipped " + skipped + (skipped == 1 ? " bad row: " : " bad rows, the first: ") + first);
        }
    }
}
