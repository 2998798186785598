/**
 * Tenants and what keeps them apart: {@link io.plg.tenancy.Workspaces} and {@link io.plg.tenancy.Users} end what belongs to one, and
 * {@link io.plg.tenancy.AuditReport} is what an audit of the database found, one {@link io.plg.tenancy.Finding} for each fault.
 * {@link io.plg.tenancy.IsolationDrift} tells that it changed while the application ran, {@link io.plg.tenancy.NotIsolated} is thrown
 * where isolation was demanded, and {@link io.plg.tenancy.TenancyStore} is what an adapter implements.
 */
@NullMarked
package io.plg.tenancy;

import org.jspecify.annotations.NullMarked;
