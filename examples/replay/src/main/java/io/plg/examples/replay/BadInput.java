package io.plg.examples.replay;

import java.nio.file.Path;

/** The files or the options cannot be used as they are. The message is the one line that the user reads. */
final class BadInput extends RuntimeException {
    private static final long serialVersionUID = 1L;

    BadInput(String message) {
        super(message);
    }

    BadInput(String message, Throwable cause) {
        super(message, cause);
    }

    static BadInput at(Path file, long line, String complaint) {
        return new BadInput(file + ", line " + line + ": " + complaint);
    }
}
