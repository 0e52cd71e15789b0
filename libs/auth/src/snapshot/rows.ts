import type {
  BindingPrincipalType,
  BindingRecord,
  PlatformServiceRecord,
  PolicyRecord,
  PrincipalRecord,
  RoleRecord,
  TenantRecord,
} from '../decision/model.ts';

/** What the snapshot of a tenant is made of: the rows that count, with times in milliseconds. */
export interface TenantRows {
  tenantId: string;
  tenant: TenantRecord;
  members: readonly { userId: string; status: PrincipalRecord['status'] }[];
  serviceAccounts: readonly { id: string; status: PrincipalRecord['status'] }[];
  organizations: readonly { id: string }[];
  teams: readonly { id: string; organizationId: string; parentTeamId?: string }[];
  /** Without an owner team a project lies in its organization itself. */
  projects: readonly { id: string; organizationId: string; ownerTeamId?: string }[];
  teamMembers: readonly { teamId: string; userId: string }[];
  roles: readonly ({ id: string } & RoleRecord)[];
  bindings: readonly BindingRow[];
  /** The enabled ones. */
  policies: readonly PolicyRecord[];
  /** In the platform tenant: `service:<name>` and what it may do in every tenant. */
  services?: readonly ({ id: string } & PlatformServiceRecord)[];
}

export interface BindingRow extends BindingRecord {
  principalType: BindingPrincipalType;
  principalId: string;
}
