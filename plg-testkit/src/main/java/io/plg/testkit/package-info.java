/**
 * Contract tests: what every store must do, written down once and run by every adapter.
 *
 * <p>In reading order: {@link io.plg.testkit.StoreContract} is what an adapter's test hands over,
 * {@link io.plg.testkit.ActivationStoreContract} and {@link io.plg.testkit.TransactionContract} are the contracts, and
 * {@link io.plg.testkit.StoreInspection} lets them look at what an adapter keeps beside the facts.
 *
 * <pre>{@code
 * class RedisActivationStoreTest extends ActivationStoreContract {
 *     @Override
 *     protected PlgStores newStores() {
 *         return RedisStores.on(REDIS);
 *     }
 * }
 * }</pre>
 */
@NullMarked
package io.plg.testkit;

import org.jspecify.annotations.NullMarked;
