package io.plg.referral;

import io.plg.PlgException;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/** Programs that were read from JSON are not a catalog. It says everything that is wrong with them at once. */
public final class InvalidPrograms extends PlgException {
    private static final long serialVersionUID = 1L;

    private final transient List<Problem> problems;

    /**
     * Something that is wrong.
     *
     * @param path where, such as {@code programs[0].rewards[1].caps[0].count}; {@code $} for the whole document
     * @param message what, such as {@code must be positive, was 0}
     */
    public record Problem(String path, String message) {

        /** Checks that both are there. */
        public Problem {
            Objects.requireNonNull(path, "path");
            Objects.requireNonNull(message, "message");
        }

        /**
         * Returns both.
         *
         * @return path and message, which are a sentence
         */
        @Override
        public String toString() {
            return path + " " + message;
        }
    }

    InvalidPrograms(List<Problem> problems) {
        super(problems.stream()
                .map(Problem::toString)
                .collect(Collectors.joining(
                        "\n  ",
                        problems.size() == 1
                                ? "the program catalog has a problem:\n  "
                                : "the program catalog has " + problems.size() + " problems:\n  ",
                        "")));
        this.problems = List.copyOf(problems);
    }

    /**
     * Returns what is wrong.
     *
     * @return at least one problem; cannot be modified
     */
    public List<Problem> problems() {
        return problems;
    }
}
