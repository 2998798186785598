/** Not part of the API: the wiring behind {@link io.plg.Plg}. Not exported and changed without notice. */
@NullMarked
package io.plg.internal;

import org.jspecify.annotations.NullMarked;
