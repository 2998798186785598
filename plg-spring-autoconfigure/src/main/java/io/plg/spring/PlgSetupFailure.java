package io.plg.spring;

import io.plg.PlgException;

/** The application is not set up in a way that says what plg should do. */
final class PlgSetupFailure extends PlgException {
    private static final long serialVersionUID = 1L;

    private final String description;
    private final String action;

    /**
     * Creates a failure.
     *
     * @param description what is wrong, one sentence
     * @param action what to do about it, one sentence
     */
    PlgSetupFailure(String description, String action) {
        super(description + " " + action);
        this.description = description;
        this.action = action;
    }

    String description() {
        return description;
    }

    String action() {
        return action;
    }
}
