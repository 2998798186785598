/** The primitives together: {@link io.plg.examples.quickstart.Quickstart}. */
@NullMarked
package io.plg.examples.quickstart;

import org.jspecify.annotations.NullMarked;
