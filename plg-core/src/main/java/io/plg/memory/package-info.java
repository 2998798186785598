/**
 * The in-memory stores: the executable specification of every store contract, and what unit tests run on.
 *
 * <p>{@link io.plg.Plg#inMemory()} is the way to them; {@link io.plg.memory.InMemoryStores} is public for contract tests.
 */
@NullMarked
package io.plg.memory;

import org.jspecify.annotations.NullMarked;
