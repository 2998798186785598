/**
 * Flags and limits as OpenFeature reads them: {@link io.plg.openfeature.PlgFeatureProvider} answers the questions of an OpenFeature client from the
 * gates of a workspace.
 */
@NullMarked
package io.plg.openfeature;

import org.jspecify.annotations.NullMarked;
