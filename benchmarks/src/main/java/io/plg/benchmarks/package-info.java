/**
 * Load programs and microbenchmarks, with the alternatives beside us in the same run.
 *
 * <p>Reading order: {@link io.plg.benchmarks.Main} lists the programs and starts one; each is a class of its own that prints Markdown
 * tables. {@link io.plg.benchmarks.Samples} turns the rounds of a program into a table, {@link io.plg.benchmarks.EventLog} makes
 * the events, {@link io.plg.benchmarks.PostgresServer} is the database. What is measured and how is told in
 * docs/reference/performance.md.
 */
@NullMarked
package io.plg.benchmarks;

import org.jspecify.annotations.NullMarked;
