/**
 * The façade: describe the product once, then work on one workspace at a time.
 *
 * <p>In reading order: {@link io.plg.Plg} is the entry, {@link io.plg.Workspace} the view on one tenant, {@link io.plg.WorkspaceId} and
 * {@link io.plg.UserId} name who is meant, {@link io.plg.PlgListener} hears what happened and {@link io.plg.SettableClock} lets a
 * unit test decide what time it is. {@link io.plg.PlgException} is the base of all errors.
 *
 * <p>{@link io.plg.PlgBuilder}, {@link io.plg.PlgStores} and {@link io.plg.ChangeFeed} are for those who write an adapter.
 */
@NullMarked
package io.plg;

import org.jspecify.annotations.NullMarked;
