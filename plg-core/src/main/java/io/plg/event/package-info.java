/**
 * Growth events: what happened, as facts with ids, for listeners and later for streams and webhooks.
 *
 * <p>{@link io.plg.event.GrowthEvent} is the sealed type with all of its records. Hear of them with {@link io.plg.PlgListener}.
 */
@NullMarked
package io.plg.event;

import org.jspecify.annotations.NullMarked;
