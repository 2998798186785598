package io.plg.referral;

import java.util.Optional;

/**
 * What came of following a link.
 *
 * @param touch what to leave with the visitor, such as in a cookie, and to hand to {@link SignUps#attributeTouch} at sign-up; empty if there is nothing
 * @param program the program of the code; empty if there is no such code, or it is of no use
 * @param artefact what the link shares; empty if it shares nothing in particular
 */
public record Visit(Optional<String> touch, Optional<String> program, Optional<String> artefact) {

    /**
     * Tells whether the code leads somewhere.
     *
     * @return {@code false} if there is no such code, it is of no use any more, or too many were tried
     */
    public boolean isKnown() {
        return program.isPresent();
    }
}
