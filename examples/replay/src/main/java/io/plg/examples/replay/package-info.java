/**
 * Replays an exported event log through the library, as a program for the command line.
 *
 * <p>Reading order: {@link io.plg.examples.replay.Replay} is the program; {@link io.plg.examples.replay.FunnelCommand},
 * {@link io.plg.examples.replay.ActivationCommand} and {@link io.plg.examples.replay.ReferralsCommand} say what the library is asked; {@link io.plg.examples.replay.EventStore} and
 * {@link io.plg.examples.replay.Databases} are where the data lies meanwhile; {@link io.plg.examples.replay.Table} reads the files;
 * the classes that end in Text, Json and Page write the answers.
 */
@NullMarked
package io.plg.examples.replay;

import org.jspecify.annotations.NullMarked;
