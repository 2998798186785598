/**
 * Idempotency: one effect, however often it is asked for.
 *
 * <p>In reading order: {@link io.plg.idempotency.Operation} says what is to happen once; {@link io.plg.idempotency.Idempotency} does it for an
 * {@link io.plg.idempotency.IdempotencyKey} of a {@link io.plg.idempotency.Principal} and the {@link io.plg.idempotency.Fingerprint} of the
 * request, and tells the {@link io.plg.idempotency.Outcome}. Its {@link io.plg.idempotency.Lease} is for effects with a call to another system
 * in the middle, and {@link io.plg.idempotency.Once} for what must not happen twice under any key. {@link io.plg.idempotency.IdempotencyStore}
 * is for those who write an adapter.
 */
@NullMarked
package io.plg.idempotency;

import org.jspecify.annotations.NullMarked;
