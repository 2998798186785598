/**
 * Can anybody see somebody else's rows? {@link io.plg.audit.IsolationAudit} asks a PostgreSQL database, from Java, from a test, or as the
 * command {@code plg-audit}; {@link io.plg.audit.TenantBinding} tells it how the host says whose turn it is, and
 * {@link io.plg.audit.IsolationWatch} keeps asking.
 */
@NullMarked
package io.plg.audit;

import org.jspecify.annotations.NullMarked;
