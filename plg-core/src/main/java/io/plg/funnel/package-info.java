/**
 * Funnel analysis over events: who went how far, how fast, and where they stopped.
 *
 * <p>Reading order: {@link io.plg.funnel.FunnelQuery} with its {@link io.plg.funnel.FunnelStep}s says what to look for;
 * {@link io.plg.funnel.EventSource} brings the events (as {@link io.plg.funnel.FunnelEvent}s or, without garbage, as plain
 * values); {@link io.plg.funnel.FunnelAnalysis} reads them once, in order of time, and answers with a
 * {@link io.plg.funnel.FunnelReport}, one {@link io.plg.funnel.SubjectPath} per subject, or a
 * {@link io.plg.funnel.Correlation} of early behaviour with conversion.
 *
 * <p>Everything here is pure computation: no clock, no store, no thread.
 */
@NullMarked
package io.plg.funnel;

import org.jspecify.annotations.NullMarked;
