import type { RoutePlugin } from '../http/types.ts';
import { deadLetterReadRoutes } from './dead-letters/reads.ts';
import { deadLetterWriteRoutes } from './dead-letters/writes.ts';
import type { OpsParts } from './ops-parts.ts';

/**
 * Routes for operators that every service has, mounted by the kernel. Tenant principals see and act on their own rows;
 * principals of the platform tenant see counts of all tenants and may act by them, never on a key or a payload.
 */
export function opsRoutes(parts: OpsParts): RoutePlugin[] {
  return [deadLetterReadRoutes(parts), deadLetterWriteRoutes(parts)];
}
