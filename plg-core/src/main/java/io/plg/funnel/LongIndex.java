package io.plg.funnel;

import java.util.Arrays;

/** Numbers subjects known by number from 0 as they are first seen: open addressing, key and slot side by side. */
final class LongIndex {

    /** Key, then slot + 1, per entry; 0 marks a free entry. */
    private long[] table = new long[1 << 11];

    /** What leaves as many upper bits of a hash as there are entries. */
    private int shift = Long.SIZE - 10;

    private long[] keys = new long[1 << 9];
    private int size;
    private long touched;

    int size() {
        return size;
    }

    long key(int slot) {
        return keys[slot];
    }

    /** Finds the slots of the first keys, giving new ones where needed. */
    void resolve(long[] wanted, int[] slots, int end) {
        while (2L * (size + end) > table.length / 2) {
            rehash();
        }
        long sum = 0; // fetches all entries side by side, before any comparison has to wait for one
        for (int i = 0; i < end; i++) {
            sum += table[start(wanted[i])];
        }
        touched = sum;
        for (int i = 0; i < end; i++) {
            long key = wanted[i];
            int at = start(key);
            while (table[at + 1] != 0 && table[at] != key) {
                at = at + 2 & table.length - 1;
            }
            if (table[at + 1] == 0) {
                table[at] = key;
                table[at + 1] = append(key);
            }
            slots[i] = (int) table[at + 1] - 1;
        }
    }

    /** Finds the slot of a key; −1 if it has none. */
    int find(long key) {
        int at = start(key);
        while (table[at + 1] != 0 && table[at] != key) {
            at = at + 2 & table.length - 1;
        }
        return (int) table[at + 1] - 1;
    }

    private int append(long key) {
        if (size == keys.length) {
            keys = Arrays.copyOf(keys, 2 * size);
        }
        keys[size] = key;
        size++;
        return size;
    }

    private void rehash() {
        long[] old = table;
        table = new long[2 * old.length];
        shift--;
        for (int i = 0; i < old.length; i += 2) { // upper bits decide, so this fills the new table from start to end
            if (old[i + 1] != 0) {
                int at = start(old[i]);
                while (table[at + 1] != 0) {
                    at = at + 2 & table.length - 1;
                }
                table[at] = old[i];
                table[at + 1] = old[i + 1];
            }
        }
    }

    private int start(long key) {
        return (int) (key * 0x9E3779B97F4A7C15L >>> shift) << 1; // times 2^64 / golden ratio, the upper bits
    }
}
