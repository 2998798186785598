package io.plg.plan;

import io.plg.PlgException;
import java.util.List;
import java.util.Objects;
import java.util.stream.Collectors;

/** Plans that were read from JSON or YAML are not a catalog. It says everything that is wrong with them at once. */
public final class InvalidPlanCatalog extends PlgException {
    private static final long serialVersionUID = 1L;

    private final transient List<Problem> problems;

    /**
     * Something that is wrong.
     *
     * @param path where, such as {@code $.plans[0].features.exports.windows[1].every}
     * @param message what
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
         * @return path and message
         */
        @Override
        public String toString() {
            return path + ": " + message;
        }
    }

    InvalidPlanCatalog(List<Problem> problems) {
        super(problems.stream()
                .map(Problem::toString)
                .collect(Collectors.joining(
                        "\n  ",
                        problems.size() == 1
                                ? "the plan catalog has a problem:\n  "
                                : "the plan catalog has " + problems.size() + " problems:\n  ",
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
