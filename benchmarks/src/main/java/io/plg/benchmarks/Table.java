package io.plg.benchmarks;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/** A Markdown table, printed when it is complete. */
final class Table {

    private final List<List<String>> rows = new ArrayList<>();

    Table(String... header) {
        rows.add(List.of(header));
    }

    void row(String... cells) {
        rows.add(List.of(cells));
    }

    /** Prints the table with its first column to the left and the others to the right. */
    void print(PrintStream out) {
        int columns = rows.get(0).size();
        int[] width = new int[columns];
        for (List<String> row : rows) {
            for (int c = 0; c < columns; c++) {
                width[c] = Math.max(width[c], row.get(c).length());
            }
        }
        for (int r = 0; r < rows.size(); r++) {
            StringBuilder line = new StringBuilder("|");
            for (int c = 0; c < columns; c++) {
                String cell = rows.get(r).get(c);
                String gap = " ".repeat(width[c] - cell.length());
                line.append(' ').append(c == 0 ? cell + gap : gap + cell).append(" |");
            }
            out.println(line);
            if (r == 0) {
                StringBuilder rule = new StringBuilder("|");
                for (int c = 0; c < columns; c++) {
                    rule.append(c == 0 ? "-".repeat(width[c] + 2) : "-".repeat(width[c] + 1) + ":")
                            .append('|');
                }
                out.println(rule);
            }
        }
        out.println();
    }
}
