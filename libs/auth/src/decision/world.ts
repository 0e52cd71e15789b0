import type { Conditions } from './conditions.ts';
import type { PlatformServiceRecord, PrincipalRecord, SubjectType, TeamRecord, TenantRecord } from './model.ts';
import type { PolicyIndex } from './policy-index.ts';
import type { RoleIndex } from './roles/role-index.ts';
import type { ScopeIndex } from './scope-index.ts';

export interface SubjectRef {
  type: SubjectType;
  id: string;
}

/** Who is who in one tenant. */
export interface People {
  subject(type: SubjectType, id: string): PrincipalRecord | undefined;
  team(id: string): TeamRecord | undefined;
  subjects(): Iterable<readonly [SubjectRef, PrincipalRecord]>;
}

/** One tenant as it is at one version; nothing in it ever changes. */
export interface World {
  readonly tenantId: string;
  readonly version: number;
  readonly tenant: TenantRecord;
  readonly people: People;
  readonly scopes: ScopeIndex;
  readonly roles: RoleIndex;
  readonly policies: PolicyIndex;
  readonly conditions: Conditions;
  /** What a service of the platform (`service:<name>`) may do in every tenant. */
  service(id: string): PlatformServiceRecord | undefined;
}
