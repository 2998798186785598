package io.plg.examples.replay;

import java.io.PrintWriter;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/** The rows that made no referral although they should have, by reason. What the library decides has the library's reason. */
final class RejectedRows {
    /** A cell that must say something is empty, or the row ends before it. */
    static final String MISSING_VALUE = "MISSING_VALUE";

    /** An id is not one that the library takes. */
    static final String BAD_ID = "BAD_ID";

    /** A time cannot be read. */
    static final String BAD_TIME = "BAD_TIME";

    /** Who was invited had been there before. */
    static final String ALREADY_SEEN = "ALREADY_SEEN";

    private final SortedMap<String, Long> byReason = new TreeMap<>();
    private final BadRows unreadable = new BadRows(true);

    void count(String reason) {
        byReason.merge(reason, 1L, Long::sum);
    }

    /** Counts a row that cannot be read. */
    BadInput unreadable(String reason, BadInput complaint) {
        count(reason);
        return complaint;
    }

    BadRows unreadable() {
        return unreadable;
    }

    void tell(PrintWriter err) {
        unreadable.tell(err);
    }

    SortedMap<String, Long> byReason() {
        return Collections.unmodifiableSortedMap(byReason);
    }
}
