package io.plg.examples.replay;

/**
 * How the rows of the input files are written.
 *
 * @param delimiter what stands between two fields; with a single space any run of spaces counts as one
 * @param header whether the first row names the columns
 */
record TableFormat(String delimiter, boolean header) {

    TableFormat {
        if (delimiter.isEmpty()) {
            throw new BadInput("--delimiter must have at least one character, was empty");
        }
        if (delimiter.contains("\"") || delimiter.contains("\n") || delimiter.contains("\r")) {
            throw new BadInput("--delimiter must be neither a quote nor a line break");
        }
    }

    boolean spaces() {
        return delimiter.equals(" ");
    }
}
