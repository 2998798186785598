package io.plg.funnel;

import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Numbers subjects known by text from 0 as they are first seen: open addressing, hash and slot in one number. */
final class TextIndex {

    private static final long HASH = 0xffffffffL << 32;

    /** Hash in the upper half, slot + 1 in the lower; 0 marks a free entry. */
    private long[] table = new long[1 << 10];

    private @Nullable String[] keys = new @Nullable String[1 << 9];
    private int size;
    private long[] entries = {};
    private @Nullable String[] found = {};

    int size() {
        return size;
    }

    String key(int slot) {
        return java.util.Objects.requireNonNull(keys[slot]);
    }

    /** Finds the slots of the first keys, giving new ones where needed. */
    void resolve(String[] wanted, int[] slots, int end) {
        while (2L * (size + end) > table.length) {
            rehash();
        }
        if (entries.length < end) {
            entries = new long[wanted.length];
            found = new @Nullable String[wanted.length];
        }
        for (int i = 0; i < end; i++) { // three loops, so that each waits for memory side by side
            long hash = hash(wanted[i]);
            entries[i] = table[start(hash)] ^ hash;
        }
        for (int i = 0; i < end; i++) {
            long slot = entries[i] - 1;
            found[i] = slot >= 0 && slot < size ? keys[(int) slot] : null;
        }
        for (int i = 0; i < end; i++) {
            String key = wanted[i];
            String first = found[i];
            slots[i] = first != null && (first == key || first.equals(key)) ? (int) entries[i] - 1 : add(key);
        }
    }

    private int add(String key) {
        long hash = hash(key);
        int at = start(hash);
        while (table[at] != 0) {
            int slot = slot(hash, table[at], key);
            if (slot >= 0) {
                return slot;
            }
            at = at + 1 & table.length - 1;
        }
        if (size == keys.length) {
            keys = Arrays.copyOf(keys, 2 * size);
        }
        keys[size] = key;
        size++;
        table[at] = hash | size;
        return size - 1;
    }

    /** Finds the slot of a key; −1 if it has none. */
    int find(String key) {
        long hash = hash(key);
        for (int at = start(hash); table[at] != 0; at = at + 1 & table.length - 1) {
            int slot = slot(hash, table[at], key);
            if (slot >= 0) {
                return slot;
            }
        }
        return -1;
    }

    private int slot(long hash, long entry, String key) {
        int slot = (int) entry - 1;
        return (entry & HASH) == hash && key.equals(keys[slot]) ? slot : -1;
    }

    private void rehash() {
        long[] old = table;
        table = new long[2 * old.length];
        for (long entry : old) {
            if (entry != 0) {
                int at = start(entry & HASH);
                while (table[at] != 0) {
                    at = at + 1 & table.length - 1;
                }
                table[at] = entry;
            }
        }
    }

    private int start(long hash) {
        return (int) (hash >>> 32) & table.length - 1;
    }

    /** The key's hash with all bits mixed (the finalizer of MurmurHash3), in the upper half. */
    private static long hash(String key) {
        int hash = key.hashCode();
        hash = (hash ^ hash >>> 16) * 0x85ebca6b;
        hash = (hash ^ hash >>> 13) * 0xc2b2ae35;
        return (long) (hash ^ hash >>> 16) << 32;
    }
}
