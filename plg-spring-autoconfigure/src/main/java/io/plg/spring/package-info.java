/**
 * plg in a Spring Boot application, 3.5 or 4.x: declare each {@link io.plg.activation.ActivationFunnel} as a bean and inject
 * {@link io.plg.Plg}.
 *
 * <p>Nothing here needs to be named by an application. The {@code Plg} bean keeps everything in the application's
 * {@code DataSource} and takes part in its {@code @Transactional} methods; without a {@code DataSource}, or without plg-jdbi, it
 * keeps everything in memory. The tables are made at the start only if {@code plg.schema.migrate} says so, by the
 * {@code PlgSchema} bean, which an application may replace by one that logs in as their owner.
 *
 * <p>Every {@link io.plg.PlgListener} bean hears of what was committed. It may use {@code Plg} and begin transactions; each of its calls
 * takes a connection of its own while the one of the transaction that has just committed is not returned yet, so a pool needs at least
 * two. A bean of type {@link java.time.InstantSource} (a {@link java.time.Clock} is one) or {@link io.plg.IdSource} is used if there is
 * exactly one, or one is primary. Defining a {@code Plg} bean of one's own replaces all of this.
 *
 * <p>With Micrometer, {@code plg.events} counts growth events by type; with Actuator, the endpoint {@code plg} shows how plg is set up.
 */
@NullMarked
package io.plg.spring;

import org.jspecify.annotations.NullMarked;
