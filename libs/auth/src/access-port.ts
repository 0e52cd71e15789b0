import type { Decision } from './decision/decide.ts';
import type { DecisionRequest } from './decision/model.ts';
import type { World } from './decision/world.ts';

/** Where decisions come from: the snapshot in this process, and the auth service where that does not suffice. */
export interface AccessPort {
  /** The tenant as it is known here; undefined means not known, never nobody. */
  world(tenantId: string): World | undefined;
  /** Hears of every newer version from now on. */
  onAdvanced(listener: (tenantId: string, version: number) => void): void;
  /** Decided by auth from its database; `version` is the tenant's own, however old the world here is. Fails while auth is away. */
  check(request: DecisionRequest): Promise<Decision>;
  /** Makes the tenant known here as auth has it now; a tenant auth does not know stays unknown. Fails while auth is away. */
  load(tenantId: string): Promise<void>;
  /** Whether any tenant lets pages of this origin (`scheme://host:port`) call. */
  hasOrigin?(origin: string): boolean;
  /** True while nothing has been heard of auth for so long that revocations may have been missed. */
  isStale?(): boolean;
}
