package io.plg.examples.replay;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import tools.jackson.databind.JsonNode;

/** The real data sets with known answers, which are not part of the project: {@code -Dplg.data=DIR}. */
final class RealData {

    private RealData() {}

    static Path directory(String dataSet) {
        String root = System.getProperty("plg.data", "");
        assumeTrue(!root.isEmpty(), "skipped: the real data is not here, -Dplg.data=DIR names its directory");
        Path directory = Path.of(root, dataSet);
        assumeTrue(Files.isDirectory(directory), "skipped: there is no " + directory);
        return directory;
    }

    static JsonNode expected(String dataSet) {
        try {
            return Run.json(Files.readString(directory(dataSet).resolveSibling("expected.json")))
                    .get(dataSet);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static long[] numbers(JsonNode array) {
        return StreamSupport.stream(array.spliterator(), false)
                .mapToLong(JsonNode::asLong)
                .toArray();
    }

    /** How many subjects did each step, by the program's answer. */
    static long[] counts(JsonNode report) {
        JsonNode steps = report.get("steps");
        return IntStream.range(0, steps.size())
                .mapToLong(i -> steps.get(i).get("converted").asLong())
                .toArray();
    }
}
