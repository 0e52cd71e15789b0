/**
 * Records of the compiled access snapshot: plain JSON, times in milliseconds since the epoch. Optional members are left
 * out where they would be empty.
 */

/** What a binding, a policy or a resource can belong to, from the narrowest: each lies in the next wider one. */
export type ScopeType = 'project' | 'team' | 'organization' | 'tenant';

/** Somebody who can act; teams only pass on what they hold. */
export type SubjectType = 'user' | 'service-account';
export type BindingPrincipalType = SubjectType | 'team';

export type Effect = 'allow' | 'deny';

export interface BindingRecord {
  id: string;
  /** UUID of a role of the tenant, or the key of a system role. */
  roleId: string;
  scopeType: ScopeType;
  /** The tenant's id for scope `tenant`. */
  scopeId: string;
  /** Active from this moment on, itself included. */
  startsAt: number;
  /** Active until this moment, itself excluded. */
  expiresAt?: number;
  /** CEL; narrows every rule of the role. */
  condition?: string;
}

/** A member or service account. Nobody without a record of his own may do anything. */
export interface PrincipalRecord {
  status: 'active' | 'suspended';
  bindings?: readonly BindingRecord[];
  /** Teams it was put into itself; what holds them is found through `ScopeRecord.parentId`. */
  teamIds?: readonly string[];
}

export interface TeamRecord {
  bindings: readonly BindingRecord[];
}

export interface ScopeRecord {
  type: Exclude<ScopeType, 'tenant'>;
  /** Owner team of a project, parent team or organization of a team; absent where the tenant itself holds it. */
  parentId?: string;
}

export interface RuleRecord {
  /** A permission, or the beginning of permissions and a final `*`. */
  permission: string;
  effect: Effect;
  /** CEL. */
  condition?: string;
}

export interface RoleRecord {
  name: string;
  rules: readonly RuleRecord[];
  /** Roles whose rules it holds as well. */
  parentRoleIds?: readonly string[];
  /** A system role that means something in the platform tenant alone. */
  platformOnly?: true;
}

/** A guard rail of the whole tenant: concerns all, or those who hold one of the roles or are in one of the teams. */
export interface PolicyRecord {
  id: string;
  name: string;
  effect: Effect;
  permissions: readonly string[];
  subjects: 'all' | { roleIds?: readonly string[]; teamIds?: readonly string[] };
  scopeType: ScopeType;
  scopeId: string;
  /** CEL. */
  condition?: string;
}

export interface TenantRecord {
  status: 'active' | 'suspended' | 'deleting';
  ratePlan?: string;
  /** Origins that browsers may call from. */
  origins?: readonly string[];
  /** Hosts that addresses typed by users may name. */
  egress?: readonly string[];
}

/** In the platform tenant: what a service of the platform may do in every tenant. */
export interface PlatformServiceRecord {
  permissions: readonly string[];
}

/** A part of the snapshot as it is published. */
export interface PrincipalShard {
  users?: Record<string, PrincipalRecord>;
  accounts?: Record<string, PrincipalRecord>;
  teams?: Record<string, TeamRecord>;
}
export type ScopeShard = Record<string, ScopeRecord>;
/** By UUID; in the platform tenant also the system roles, by key. */
export type RoleShard = Record<string, RoleRecord>;
export type PolicyShard = readonly PolicyRecord[];
export type ServiceShard = Record<string, PlatformServiceRecord>;

/** Where a resource lies: the narrowest one given counts; none is the tenant itself. */
export interface ResourceScope {
  projectId?: string;
  teamId?: string;
  organizationId?: string;
}

/** Who asks: the part of a verified principal that decisions look at. */
export interface DecisionPrincipal {
  type: 'user' | 'service';
  /** UUID, or `service:<name>` for a service of the platform. */
  id: string;
  tenantId: string;
  acr?: string;
  /** Bounds of the token, separated by single spaces; absent = not bounded. */
  scope?: string;
  /** Bounds of an API key; absent = not bounded, empty = nothing. */
  keyScopes?: readonly string[];
  /** `service:<name>` that acts on behalf of the principal. */
  actingService?: string;
}

export interface DecisionResource {
  type: string;
  id?: string;
  /** Absent = the principal's own. */
  tenantId?: string;
  scope?: ResourceScope;
  attributes?: Readonly<Record<string, unknown>>;
}

/** What a condition may know about the call beside principal and resource. */
export interface DecisionContext {
  ip?: string;
  authAgeSeconds?: number;
  credential?: string;
}

export interface DecisionRequest {
  principal: DecisionPrincipal;
  permission: string;
  /** Absent where the question is about the tenant as a whole. */
  resource?: DecisionResource;
  context?: DecisionContext;
}
