import type { Generated } from 'kysely';
import type { AuthContextClass } from '@idp/auth';

/** Rows as the migrations define them. Times are ISO text with microseconds. */
export interface AuthTables {
  users: UsersTable;
  user_passwords: UserPasswordsTable;
  sessions: SessionsTable;
  signing_keys: SigningKeysTable;
  tenants: TenantsTable;
  user_tenants: UserTenantsTable;
  organizations: OrganizationsTable;
  memberships: MembershipsTable;
  role_bindings: RoleBindingsTable;
  access_versions: AccessVersionsTable;
  tenant_receipts: TenantReceiptsTable;
}

interface ActorColumns {
  version: Generated<number>;
  created_at: Generated<string>;
  updated_at: Generated<string>;
  created_by: string;
  updated_by: string;
}

interface DeletionColumns {
  deleted_at: string | null;
  deleted_by: string | null;
}

export interface UsersTable extends ActorColumns, DeletionColumns {
  id: string;
  email: string;
  email_norm: string;
  email_verified_at: string | null;
  name: string;
  avatar_url: string | null;
  locale: string | null;
  timezone: string | null;
  status: 'pending' | 'active' | 'disabled' | 'deleted' | 'erased';
  token_epoch: Generated<number>;
  home_tenant_id: string | null;
  managed_by: 'scim' | 'sso' | 'domain' | null;
  erased_at: string | null;
}

export interface UserPasswordsTable {
  user_id: string;
  phc: string;
  changed_at: Generated<string>;
  must_change: Generated<boolean>;
}

export type RevocationReason = 'logout' | 'user' | 'admin' | 'reuse' | 'password' | 'disabled' | 'tenant' | 'limit';

export interface SessionsTable {
  id: string;
  user_id: string;
  tenant_id: string;
  kind: Generated<'login' | 'oauth'>;
  counter: Generated<number>;
  mac_key_sealed: string;
  csrf_hash: Buffer | null;
  rotated_at: Generated<string>;
  amr: string[];
  acr: AuthContextClass;
  auth_time: string;
  connection_id: string | null;
  ip: string | null;
  user_agent: string | null;
  device_hash: Buffer | null;
  last_seen_at: Generated<string>;
  idle_expires_at: string;
  absolute_expires_at: string;
  revoked_at: string | null;
  revoked_reason: RevocationReason | null;
  version: Generated<number>;
  created_at: Generated<string>;
}

export interface SigningKeysTable {
  kid: string;
  alg: 'EdDSA' | 'ES256';
  state: 'next' | 'active' | 'retiring' | 'retired' | 'revoked';
  public_jwk: unknown;
  private_sealed: string;
  created_at: Generated<string>;
  activated_at: string | null;
  retiring_at: string | null;
  retired_at: string | null;
  revoked_at: string | null;
}

export interface TenantsTable extends ActorColumns {
  id: string;
  slug: string;
  name: string;
  status: Generated<'active' | 'suspended' | 'deleting' | 'purging' | 'deleted'>;
  tier: Generated<string>;
  region: string | null;
  config: Generated<unknown>;
  config_version: Generated<number>;
  delete_after: string | null;
}

export type MembershipStatus = 'invited' | 'active' | 'suspended' | 'removed';

export interface UserTenantsTable {
  user_id: string;
  tenant_id: string;
  status: MembershipStatus;
  last_used_at: Generated<string>;
}

export interface OrganizationsTable extends ActorColumns, DeletionColumns {
  tenant_id: Generated<string>;
  id: string;
  slug: string;
  name: string;
  tier: Generated<string>;
  settings: Generated<unknown>;
}

export interface MembershipsTable extends ActorColumns {
  tenant_id: Generated<string>;
  id: string;
  user_id: string;
  status: MembershipStatus;
  display_name: string;
  email: string;
  external_id: string | null;
  managed_by: 'scim' | 'sso' | 'domain' | null;
}

export interface RoleBindingsTable {
  tenant_id: Generated<string>;
  id: string;
  principal_type: 'user' | 'team' | 'service-account';
  principal_id: string;
  role_id: string;
  scope_type: 'tenant' | 'organization' | 'team' | 'project';
  scope_id: string;
  starts_at: Generated<string>;
  expires_at: string | null;
  condition: string | null;
  granted_by: string;
  reason: string | null;
  granted_via: 'direct' | 'invitation' | 'scim' | 'elevation';
  request_id: string | null;
  version: Generated<number>;
  created_at: Generated<string>;
}

export interface AccessVersionsTable {
  tenant_id: Generated<string>;
  version: number;
}

export interface TenantReceiptsTable {
  tenant_id: Generated<string>;
  service: string;
  prepared_at: string | null;
  purged_at: string | null;
}
