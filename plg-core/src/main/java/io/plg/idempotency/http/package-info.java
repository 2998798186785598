/**
 * What idempotency looks like over HTTP, without any web framework: which header is a key, which answer an outcome is, and what of an answer is
 * replayed. It follows draft-07 of the IETF's Idempotency-Key header, which expired on 2026-04-18 and is no standard.
 *
 * <p>In reading order: {@link io.plg.idempotency.http.HttpIdempotency} is everything a web layer calls;
 * {@link io.plg.idempotency.http.HttpAnswer} is what the host's handler returns and what is stored;
 * {@link io.plg.idempotency.http.HttpKeyRefused} says why a header is no key.
 */
@NullMarked
package io.plg.idempotency.http;

import org.jspecify.annotations.NullMarked;
