/**
 * plg on the host's own PostgreSQL or H2, in the host's own transactions.
 *
 * <p>In reading order: {@link io.plg.jdbi.PlgSchema} makes the tables when asked, {@link io.plg.jdbi.JdbiPlg} is the {@link io.plg.Plg}
 * on them and joins transactions, {@link io.plg.jdbi.HostTransactions} is how a framework's transactions are seen, and
 * {@link io.plg.jdbi.JdbcEventSource} feeds a funnel analysis from a query of the host.
 */
@NullMarked
package io.plg.jdbi;

import org.jspecify.annotations.NullMarked;
