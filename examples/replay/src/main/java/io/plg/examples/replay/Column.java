package io.plg.examples.replay;

/**
 * A column that was found in a table.
 *
 * @param name what the user calls it, for messages
 * @param index its place, from 0
 */
record Column(String name, int index) {}
