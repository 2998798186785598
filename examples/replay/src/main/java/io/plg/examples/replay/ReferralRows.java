package io.plg.examples.replay;

import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What was read about referrals, in the order in which it happened.
 *
 * @param entries the rows
 * @param timed whether they have times
 * @param owners who has a code; empty if the rows name people and not codes
 * @param byCode whether they name codes
 */
record ReferralRows(List<Entry> entries, boolean timed, Map<String, String> owners, boolean byCode) {

    ReferralRows {
        entries = List.copyOf(entries);
        owners = Collections.unmodifiableMap(new HashMap<>(owners));
    }

    /**
     * One row.
     *
     * @param member whom it is about
     * @param by the inviter, or the code that the member came with, if there is one
     * @param micros when, in microseconds since 1970; 0 without times
     */
    record Entry(String member, @Nullable String by, long micros) {}
}
