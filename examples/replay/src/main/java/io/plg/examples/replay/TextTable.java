package io.plg.examples.replay;

import java.util.ArrayList;
import java.util.List;

/** Columns of text, numbers to the right. The last column is a bar and ends where it ends. */
final class TextTable {
    private static final int WIDEST = 40;

    private final List<String> head;
    private final List<List<String>> rows = new ArrayList<>();

    TextTable(List<String> head) {
        this.head = List.copyOf(head);
    }

    TextTable row(List<String> cells) {
        rows.add(List.copyOf(cells));
        return this;
    }

    @Override
    public String toString() {
        var text = new StringBuilder();
        int[] widths = new int[head.size()];
        measure(head, widths);
        rows.forEach(row -> measure(row, widths));
        line(text, head, widths);
        rows.forEach(row -> line(text, row, widths));
        return text.toString();
    }

    private static void measure(List<String> cells, int[] widths) {
        for (int i = 0; i < widths.length; i++) {
            widths[i] = Math.max(widths[i], length(shorten(cells.get(i))));
        }
    }

    private static void line(StringBuilder text, List<String> cells, int[] widths) {
        var line = new StringBuilder();
        for (int i = 0; i < widths.length; i++) {
            String cell = shorten(cells.get(i));
            String padding = " ".repeat(widths[i] - length(cell));
            boolean left = i == 0 || i == widths.length - 1;
            line.append("  ").append(left ? cell + padding : padding + cell);
        }
        text.append(line.toString().stripTrailing()).append('\n');
    }

    private static int length(String cell) {
        return cell.codePointCount(0, cell.length());
    }

    /** One line, and no more of it than a terminal has room for; what the data says must not move the cursor. */
    static String shorten(String text, int room) {
        String plain = text.replaceAll("\\p{Cntrl}", "�");
        return length(plain) <= room ? plain : plain.substring(0, plain.offsetByCodePoints(0, room - 1)) + "…";
    }

    private static String shorten(String cell) {
        return shorten(cell, WIDEST);
    }
}
