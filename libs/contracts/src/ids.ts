import { v7 } from 'uuid';

/** The tenant of facts that belong to no customer. */
export const platformTenantId = '00000000-0000-7000-8000-000000000000';

/** A new UUIDv7 (RFC 9562 §5.7): ids made later in one process sort later. */
export function newId(): string {
  return v7();
}
