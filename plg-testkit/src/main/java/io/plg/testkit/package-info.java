/**
 * For tests: contracts of stores, and an assertion for a host's own build.
 *
 * <p>{@link io.plg.testkit.IsolationAssertions} asserts, by a {@link io.plg.testkit.DatabaseAssert}, that a database keeps tenants apart:
 * the one that a folder of migrations makes, or any other.
 *
 * <p>The contract tests are what every store must do, written down once and run by every adapter. In reading order:
 * {@link io.plg.testkit.StoreContract} is what an adapter's test hands over,
 * {@link io.plg.testkit.ActivationStoreContract}, {@link io.plg.testkit.IdempotencyContract}, {@link io.plg.testkit.PromptContract},
 * {@link io.plg.testkit.ReferralContract}, {@link io.plg.testkit.RewardContract}, {@link io.plg.testkit.ViralityContract},
 * {@link io.plg.testkit.TransactionContract} and {@link io.plg.testkit.TenancyContract} are the contracts, and
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
