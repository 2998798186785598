package io.plg.examples.replay;

import de.siegmar.fastcsv.reader.CsvParseException;
import de.siegmar.fastcsv.reader.CsvReader;
import de.siegmar.fastcsv.reader.CsvRecord;
import de.siegmar.fastcsv.reader.FieldMismatchStrategy;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;

/** A delimited text file, plain or gzipped, read once from top to bottom. Every complaint names the file and the line. */
final class Table implements AutoCloseable {
    private static final byte[] GZIP = {0x1f, (byte) 0x8b};
    private static final byte[] BYTE_ORDER_MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};

    private final Path file;
    private final TableFormat format;
    private final CsvReader<CsvRecord> reader;
    private final Iterator<CsvRecord> records;
    private final List<String> firstRow;
    private @Nullable Row pending;
    private long line;

    private Table(Path file, TableFormat format, CsvReader<CsvRecord> reader) {
        this.file = file;
        this.format = format;
        this.reader = reader;
        this.records = reader.iterator();
        Row first = next();
        if (first == null) {
            throw new BadInput(file + ": expected " + (format.header() ? "a header row" : "at least one row")
                    + ", the file is empty");
        }
        this.firstRow = first.fields().stream().map(String::strip).toList();
        this.pending = format.header() ? null : first;
    }

    static Table open(Path file, TableFormat format, Progress progress) {
        if (Files.isDirectory(file)) {
            throw new BadInput(file + ": expected a file, is a directory");
        }
        if (!Files.exists(file)) {
            throw new BadInput(file + ": no such file");
        }
        try {
            InputStream in = progress.watch(Files.newInputStream(file));
            try {
                var text = new InputStreamReader(unpack(in), StandardCharsets.UTF_8.newDecoder());
                return new Table(file, format, reader(format).ofCsvRecord(text));
            } catch (IOException | RuntimeException e) {
                in.close();
                throw e;
            }
        } catch (IOException e) {
            throw new BadInput(file + ": cannot be read: " + reason(e), e);
        }
    }

    private static CsvReader.CsvReaderBuilder reader(TableFormat format) {
        return CsvReader.builder()
                .fieldSeparator(format.delimiter())
                .extraFieldStrategy(FieldMismatchStrategy.IGNORE)
                .missingFieldStrategy(FieldMismatchStrategy.IGNORE)
                .allowUnclosedQuote(false)
                .skipEmptyLines(true);
    }

    /** Looks at the content, not at the file's name. */
    private static InputStream unpack(InputStream in) throws IOException {
        InputStream plain = new BufferedInputStream(in, 1 << 16);
        if (startsWith(plain, GZIP)) {
            plain = new BufferedInputStream(new GZIPInputStream(plain, 1 << 16), 1 << 16);
        }
        if (startsWith(plain, BYTE_ORDER_MARK)) {
            plain.skipNBytes(BYTE_ORDER_MARK.length);
        }
        return plain;
    }

    private static boolean startsWith(InputStream in, byte[] magic) throws IOException {
        in.mark(magic.length);
        byte[] start = in.readNBytes(magic.length);
        in.reset();
        return Arrays.equals(start, magic);
    }

    /**
     * Finds a column.
     *
     * @param option which option names it, for the message
     * @param reference its name, or its number from 1 in a file without a header
     */
    Column column(String option, String reference) {
        return findColumn(option, reference).orElseThrow(() -> missing(option, reference));
    }

    /** Finds a column that need not be there. */
    Optional<Column> findColumn(String option, String reference) {
        if (format.header()) {
            int index = firstRow.indexOf(reference.strip());
            return index < 0 ? Optional.empty() : Optional.of(new Column("\"" + reference.strip() + "\"", index));
        }
        int number = columnNumber(option, reference);
        return number > firstRow.size()
                ? Optional.empty()
                : Optional.of(new Column(String.valueOf(number), number - 1));
    }

    BadInput missing(String option, String reference) {
        String found = format.header()
                ? "the columns are " + firstRow.stream().limit(30).collect(Collectors.joining(", "))
                : "the first row has " + firstRow.size() + (firstRow.size() == 1 ? " column" : " columns");
        return BadInput.at(
                file,
                1,
                "expected column \"" + reference + "\" (" + option + "), " + found
                        + (firstRow.size() == 1 && !format.delimiter().equals("\t") ? "; is --delimiter right?" : ""));
    }

    private static int columnNumber(String option, String reference) {
        if (!reference.matches("[1-9]\\d{0,5}")) {
            throw new BadInput(option + " must be a column number from 1 with --no-header, was \"" + reference + "\"");
        }
        return Integer.parseInt(reference);
    }

    /** Hands over every row; one that the action finds bad goes to the bad rows. */
    void forEachRow(BadRows badRows, Consumer<Row> action) {
        for (Row row = next(); row != null; row = next()) {
            try {
                action.accept(row);
            } catch (BadInput e) {
                badRows.handle(e);
            }
        }
    }

    private @Nullable Row next() {
        if (pending != null) {
            Row row = pending;
            pending = null;
            return row;
        }
        try {
            while (records.hasNext()) {
                CsvRecord csv = records.next();
                line = csv.getStartingLineNumber();
                List<String> fields = csv.getFields();
                if (format.spaces() && fields.contains("")) {
                    fields = fields.stream().filter(field -> !field.isEmpty()).toList();
                }
                if (!fields.isEmpty()) {
                    return new Row(file, line, fields);
                }
            }
            return null;
        } catch (CsvParseException | UncheckedIOException | NoSuchElementException e) {
            throw BadInput.at(file, line + 1, "expected delimited text, cannot be read: " + reason(e));
        }
    }

    private static String reason(Throwable error) {
        Throwable cause = error;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        if (cause instanceof CharacterCodingException) {
            return "it is not UTF-8";
        }
        return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    }

    @Override
    public void close() {
        try {
            reader.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
