/**
 * What plg holds when processes are killed or paused and connections are cut. Everything here is real: a PostgreSQL with fsync on, other
 * JVMs that are killed, and sockets that break at the worst moment. Every case runs in a short form; {@code mvn -Plong} runs the full one.
 *
 * <p>Begin with {@link io.plg.crash.KilledProcessTest}, which shows how a case is made: a {@link io.plg.crash.Child} is another JVM, a
 * {@link io.plg.crash.Node} is plg in this one, {@link io.plg.crash.Rewards} is the host's code, and {@link io.plg.crash.Invariants} reads
 * from the database what must hold after each case.
 */
package io.plg.crash;
