import { defineConsumer } from '@idp/events';
import { prepareTenant } from '../operations/prepare-tenant.ts';

/**
 * A new tenant gets its head and its place in the list background work starts from. Ordering `latest`: each message holds the
 * whole state, and an older one is recognised by its version.
 */
export function onTenantCreated() {
  return defineConsumer({
    name: 'catalog.tenants',
    types: ['idp.auth.v1.TenantCreated'],
    ordering: 'latest',
    handle: (tx, event) => prepareTenant(tx, { slug: event.data.slug, version: event.version ?? 1 }),
  });
}
