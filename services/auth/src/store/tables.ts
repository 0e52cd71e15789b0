// Written by `npm run generate` from the migrated database.
import type { ColumnType, Generated, GeneratedAlways } from 'kysely';

export interface AccessHeadsTable {
  tenant_id: Generated<string>;
  version: number;
  payload: string;
  kid: string;
  signature: string;
}

export interface AccessShardsTable {
  tenant_id: Generated<string>;
  name: string;
  version: number;
  body: string;
}

export interface AccessVersionsTable {
  tenant_id: Generated<string>;
  version: number;
}

export interface ApiKeyIndexTable {
  kid: string;
  tenant_id: string;
}

export interface ApiKeyUsageDailyTable {
  tenant_id: Generated<string>;
  key_id: string;
  day: string;
  requests: number;
}

export interface ApiKeysTable {
  tenant_id: Generated<string>;
  id: string;
  kid: string;
  name: string;
  owner_type: string;
  owner_id: string;
  scopes: string[];
  ip_allow: Generated<string[]>;
  rate_policy: ColumnType<unknown, string | null | undefined, string | null>;
  expires_at: string;
  secret_hash: Buffer;
  secret_start: string;
  last_used_at: string | null;
  last_used_ip: string | null;
  overlap_hash: Buffer | null;
  overlap_start: string | null;
  overlap_until: string | null;
  overlap_last_used_at: string | null;
  revoked_at: string | null;
  revoked_reason: string | null;
  version: Generated<number>;
  created_at: Generated<string>;
  updated_at: Generated<string>;
  created_by: string;
  updated_by: string;
  announced_days: number | null;
}

export interface AuditArrivalsTable {
  tenant_id: Generated<string>;
  arrival: GeneratedAlways<number>;
  received_at: Generated<string>;
  id: string;
  occurred_at: string;
  service: string;
  actor: string;
  on_behalf_of: string | null;
  action: string;
  resource_type: string;
  resource_id: string;
  outcome: string;
  before: string | null;
  after: string | null;
  truncated: Generated<boolean>;
  ip: string | null;
  user_agent: string | null;
  session_id: string | null;
  request_id: string | null;
  trace_id: string | null;
  reason: string | null;
}

export interface AuditChainTable {
  tenant_id: Generated<string>;
  seq: number;
  received_at: string;
  id: string;
  occurred_at: string;
  service: string;
  actor: string;
  on_behalf_of: string | null;
  action: string;
  resource_type: string;
  resource_id: string;
  outcome: string;
  before: string | null;
  after: string | null;
  truncated: boolean;
  states_salt: string | null;
  states_hash: Buffer | null;
  ip: string | null;
  user_agent: string | null;
  client_salt: string | null;
  client_hash: Buffer | null;
  session_id: string | null;
  request_id: string | null;
  trace_id: string | null;
  reason: string | null;
  prev_hash: Buffer;
  row_hash: Buffer;
}

export interface AuditCheckpointsTable {
  tenant_id: Generated<string>;
  id: string;
  from_seq: number;
  to_seq: number;
  last_hash: Buffer;
  signed_at: string;
  kid: string;
  signature: string;
}

export interface AuditExportsTable {
  tenant_id: Generated<string>;
  id: string;
  state: Generated<string>;
  created_by: string;
  created_at: string;
  signed_after: string | null;
  signed_until: string | null;
  from_seq: number | null;
  to_seq: number | null;
  ready_at: string | null;
}

export interface AuditHeadsTable {
  tenant_id: Generated<string>;
  seq: Generated<number>;
  hash: Generated<Buffer>;
  checkpoint_seq: Generated<number>;
  open_since: string | null;
}

export interface AuditLogTable {
  tenant_id: Generated<string>;
  occurred_at: string;
  id: string;
  action: string;
  resource_type: string;
  resource_id: string;
  outcome: string;
  actor: string;
  on_behalf_of: string | null;
  session_id: string | null;
  ip: string | null;
  user_agent: string | null;
  request_id: string | null;
  trace_id: string | null;
  reason: string | null;
  before: ColumnType<unknown, string | null | undefined, string | null>;
  after: ColumnType<unknown, string | null | undefined, string | null>;
  truncated: Generated<boolean>;
}

export interface ConsumerStatesTable {
  consumer: string;
  paused: Generated<boolean>;
  rebuilding: Generated<boolean>;
  changed_by: string;
  changed_at: Generated<string>;
}

export interface DeadLettersTable {
  tenant_id: Generated<string>;
  id: string;
  consumer: string;
  topic: string;
  part: number;
  offset: number;
  type: string | null;
  key: string;
  sequence: number | null;
  event_id: string;
  headers: string;
  payload: Buffer | null;
  payload_bytes: number;
  payload_sha256: Buffer | null;
  error_code: string;
  message: string;
  fingerprint: string;
  attempts: number;
  first_at: string;
  last_at: Generated<string>;
  status: Generated<string>;
  closed_by: string | null;
  reason: string | null;
  closed_at: string | null;
  history: ColumnType<unknown, string | undefined, string>;
}

export interface FirstReadsTable {
  consumer: string;
  topic: string;
  part: number;
  first_offset: number;
  read_at: Generated<string>;
}

export interface IdempotencyKeysTable {
  tenant_id: Generated<string>;
  principal: string;
  route: string;
  key: string;
  request_hash: string;
  status: number;
  headers: ColumnType<unknown, string, string>;
  body: string | null;
  sealed: Generated<boolean>;
  created_at: Generated<string>;
  expires_at: string;
}

export interface InboxTable {
  tenant_id: Generated<string>;
  consumer: string;
  event_id: string;
  outcome: string;
  processed_at: Generated<string>;
}

export interface InvitationsTable {
  tenant_id: Generated<string>;
  id: string;
  organization_id: string;
  email: string;
  email_norm: string;
  role: string;
  team_ids: Generated<string[]>;
  invited_by: string;
  inviter_name: string;
  state: Generated<string>;
  expires_at: string;
  mailed_at: string | null;
  version: Generated<number>;
  created_at: Generated<string>;
  updated_at: Generated<string>;
  created_by: string;
  updated_by: string;
}

export interface JobsTable {
  tenant_id: Generated<string>;
  id: string;
  seq: GeneratedAlways<number>;
  queue: string;
  state: string;
  priority: Generated<number>;
  run_at: Generated<string>;
  attempts: Generated<number>;
  crashes: Generated<number>;
  suspect: Generated<boolean>;
  begun: Generated<boolean>;
  fence: Generated<number>;
  lease_owner: string | null;
  lease_until: string | null;
  dedup_key: string | null;
  serial_key: string | null;
  payload: ColumnType<unknown, string, string>;
  next_payload: ColumnType<unknown, string | null | undefined, string | null>;
  next_run_at: string | null;
  progress: ColumnType<unknown, string | null | undefined, string | null>;
  error_code: string | null;
  last_error: string | null;
  origin: ColumnType<unknown, string | null | undefined, string | null>;
  created_at: Generated<string>;
  cancel_requested_at: string | null;
  dead_at: string | null;
  lost_fences: Generated<number[]>;
  losses: Generated<number>;
}

export interface MembershipsTable {
  tenant_id: Generated<string>;
  id: string;
  user_id: string;
  status: string;
  display_name: string;
  email: string;
  external_id: string | null;
  managed_by: string | null;
  version: Generated<number>;
  created_at: Generated<string>;
  updated_at: Generated<string>;
  created_by: string;
  updated_by: string;
  mfa_required: Generated<boolean>;
  name_norm: GeneratedAlways<string>;
  email_norm: GeneratedAlways<string>;
}

export interface OneTimeTokensTable {
  hash: Buffer;
  kind: string;
  tenant_id: string;
  subject_id: string;
  email_norm: string;
  expires_at: string;
  created_at: Generated<string>;
}

export interface OrganizationsTable {
  tenant_id: Generated<string>;
  id: string;
  slug: string;
  name: string;
  tier: Generated<string>;
  settings: ColumnType<unknown, string | undefined, string>;
  version: Generated<number>;
  created_at: Generated<string>;
  updated_at: Generated<string>;
  created_by: string;
  updated_by: string;
  deleted_at: string | null;
  deleted_by: string | null;
}

export interface OutboxTable {
  seq: GeneratedAlways<number>;
  tenant_id: Generated<string>;
  shard: number;
  event_id: string;
  topic: string;
  key: string;
  headers: string;
  payload: Buffer | null;
  created_at: Generated<string>;
}

export interface OutboxRefusedTable {
  seq: number;
  tenant_id: string;
  shard: number;
  event_id: string;
  topic: string;
  key: string;
  headers: string;
  payload: Buffer | null;
  created_at: string;
  reason: string;
  refused_at: Generated<string>;
}

export interface OutboxShardsTable {
  shard: number;
  published: Generated<number>;
  published_at: string | null;
}

export interface ParkedEventsTable {
  tenant_id: Generated<string>;
  consumer: string;
  key: string;
  event_id: string;
  sequence: number | null;
  topic: string;
  part: number;
  offset: number;
  headers: string;
  payload: Buffer | null;
  attempts: Generated<number>;
  next_at: string;
  last_code: string;
  last_error: string;
  first_failed_at: Generated<string>;
}

export interface PartitionStartsTable {
  consumer: string;
  topic: string;
  part: number;
  offset: number;
  starts: number;
}

export interface PermissionManifestsTable {
  tenant_id: Generated<string>;
  service: string;
  hash: string;
  body: ColumnType<unknown, string, string>;
  received_at: Generated<string>;
}

export interface PoliciesTable {
  tenant_id: Generated<string>;
  id: string;
  name: string;
  name_norm: string;
  description: Generated<string>;
  effect: string;
  permissions: string[];
  subjects: ColumnType<unknown, string, string>;
  scope_type: string;
  scope_id: string;
  condition: string | null;
  enabled: Generated<boolean>;
  version: Generated<number>;
  created_at: Generated<string>;
  updated_at: Generated<string>;
  created_by: string;
  updated_by: string;
}

export interface ProjectsTable {
  tenant_id: Generated<string>;
  id: string;
  organization_id: string;
  owner_team_id: string | null;
  slug: string;
  name: string;
  description: Generated<string>;
  version: Generated<number>;
  created_at: Generated<string>;
  updated_at: Generated<string>;
  created_by: string;
  updated_by: string;
  deleted_at: string | null;
  deleted_by: string | null;
}

export interface RoleBindingsTable {
  tenant_id: Generated<string>;
  id: string;
  principal_type: string;
  principal_id: string;
  role_id: string;
  scope_type: string;
  scope_id: string;
  starts_at: Generated<string>;
  expires_at: string | null;
  condition: string | null;
  granted_by: string;
  reason: string | null;
  granted_via: string;
  request_id: string | null;
  version: Generated<number>;
  created_at: Generated<string>;
  updated_at: Generated<string>;
}

export interface RoleParentsTable {
  tenant_id: Generated<string>;
  role_id: string;
  parent_role_id: string;
}

export interface RoleRulesTable {
  tenant_id: Generated<string>;
  role_id: string;
  position: number;
  permission: string;
  effect: string;
  condition: string | null;
}

export interface RolesTable {
  tenant_id: Generated<string>;
  id: string;
  name: string;
  name_norm: string;
  description: Generated<string>;
  version: Generated<number>;
  created_at: Generated<string>;
  updated_at: Generated<string>;
  created_by: string;
  updated_by: string;
}

export interface SchedulesTable {
  tenant_id: Generated<string>;
  name: string;
  cron: string;
  timezone: string;
  next_at: string;
  last_at: string | null;
  paused: Generated<boolean>;
}

export interface SecretKeysTable {
  tenant_id: Generated<string>;
  id: string;
  kek_id: string;
  wrapped: Buffer;
  state: Generated<string>;
  seals: Generated<number>;
  created_at: Generated<string>;
  destroyed_at: string | null;
}

export interface ServiceAccountsTable {
  tenant_id: Generated<string>;
  id: string;
  name: string;
  name_norm: string;
  description: Generated<string>;
  scope_type: string;
  scope_id: string;
  jwks: ColumnType<unknown, string | null | undefined, string | null>;
  version: Generated<number>;
  created_at: Generated<string>;
  updated_at: Generated<string>;
  created_by: string;
  updated_by: string;
  deleted_at: string | null;
  deleted_by: string | null;
}

export interface SessionsTable {
  id: string;
  user_id: string;
  tenant_id: string;
  kind: Generated<string>;
  counter: Generated<number>;
  mac_key_sealed: string;
  csrf_hash: Buffer | null;
  rotated_at: Generated<string>;
  amr: string[];
  acr: string;
  auth_time: string;
  connection_id: string | null;
  ip: string | null;
  user_agent: string | null;
  device_hash: Buffer | null;
  last_seen_at: Generated<string>;
  idle_expires_at: string;
  absolute_expires_at: string;
  revoked_at: string | null;
  revoked_reason: string | null;
  version: Generated<number>;
  created_at: Generated<string>;
}

export interface SigningKeysTable {
  kid: string;
  alg: string;
  state: string;
  public_jwk: ColumnType<unknown, string, string>;
  private_sealed: string;
  created_at: Generated<string>;
  activated_at: string | null;
  retiring_at: string | null;
  retired_at: string | null;
  revoked_at: string | null;
}

export interface StreamCursorsTable {
  tenant_id: Generated<string>;
  consumer: string;
  key: string;
  sequence: number;
}

export interface TeamMembershipsTable {
  tenant_id: Generated<string>;
  team_id: string;
  user_id: string;
  role: string;
  joined_at: Generated<string>;
  created_by: string;
}

export interface TeamsTable {
  tenant_id: Generated<string>;
  id: string;
  organization_id: string;
  parent_id: string | null;
  path: string[];
  depth: number;
  slug: string;
  name: string;
  description: Generated<string>;
  external_id: string | null;
  managed_by: string | null;
  version: Generated<number>;
  created_at: Generated<string>;
  updated_at: Generated<string>;
  created_by: string;
  updated_by: string;
  deleted_at: string | null;
  deleted_by: string | null;
}

export interface TenantReceiptsTable {
  tenant_id: Generated<string>;
  service: string;
  prepared_at: string | null;
  purged_at: string | null;
}

export interface TenantsTable {
  id: string;
  slug: string;
  name: string;
  status: Generated<string>;
  tier: Generated<string>;
  region: string | null;
  config: ColumnType<unknown, string | undefined, string>;
  config_version: Generated<number>;
  delete_after: string | null;
  version: Generated<number>;
  created_at: Generated<string>;
  updated_at: Generated<string>;
  created_by: string;
  updated_by: string;
}

export interface UserPasswordsTable {
  user_id: string;
  phc: string;
  changed_at: Generated<string>;
  must_change: Generated<boolean>;
}

export interface UserTenantsTable {
  user_id: string;
  tenant_id: string;
  status: string;
  last_used_at: Generated<string>;
}

export interface UsersTable {
  id: string;
  email: string;
  email_norm: string;
  email_verified_at: string | null;
  name: string;
  avatar_url: string | null;
  locale: string | null;
  timezone: string | null;
  status: string;
  token_epoch: Generated<number>;
  home_tenant_id: string | null;
  managed_by: string | null;
  erased_at: string | null;
  version: Generated<number>;
  created_at: Generated<string>;
  updated_at: Generated<string>;
  created_by: string;
  updated_by: string;
  deleted_at: string | null;
  deleted_by: string | null;
}

export interface VerificationKeysTable {
  kid: string;
  use: string;
  state: string;
  public_jwk: ColumnType<unknown, string, string>;
  private_sealed: string;
  created_at: Generated<string>;
  retired_at: string | null;
  activated_at: string | null;
}

/** Tables of the schema. */
export interface Tables {
  access_heads: AccessHeadsTable;
  access_shards: AccessShardsTable;
  access_versions: AccessVersionsTable;
  api_key_index: ApiKeyIndexTable;
  api_key_usage_daily: ApiKeyUsageDailyTable;
  api_keys: ApiKeysTable;
  audit_arrivals: AuditArrivalsTable;
  audit_chain: AuditChainTable;
  audit_checkpoints: AuditCheckpointsTable;
  audit_exports: AuditExportsTable;
  audit_heads: AuditHeadsTable;
  audit_log: AuditLogTable;
  consumer_states: ConsumerStatesTable;
  dead_letters: DeadLettersTable;
  first_reads: FirstReadsTable;
  idempotency_keys: IdempotencyKeysTable;
  inbox: InboxTable;
  invitations: InvitationsTable;
  jobs: JobsTable;
  memberships: MembershipsTable;
  one_time_tokens: OneTimeTokensTable;
  organizations: OrganizationsTable;
  outbox: OutboxTable;
  outbox_refused: OutboxRefusedTable;
  outbox_shards: OutboxShardsTable;
  parked_events: ParkedEventsTable;
  partition_starts: PartitionStartsTable;
  permission_manifests: PermissionManifestsTable;
  policies: PoliciesTable;
  projects: ProjectsTable;
  role_bindings: RoleBindingsTable;
  role_parents: RoleParentsTable;
  role_rules: RoleRulesTable;
  roles: RolesTable;
  schedules: SchedulesTable;
  secret_keys: SecretKeysTable;
  service_accounts: ServiceAccountsTable;
  sessions: SessionsTable;
  signing_keys: SigningKeysTable;
  stream_cursors: StreamCursorsTable;
  team_memberships: TeamMembershipsTable;
  teams: TeamsTable;
  tenant_receipts: TenantReceiptsTable;
  tenants: TenantsTable;
  user_passwords: UserPasswordsTable;
  user_tenants: UserTenantsTable;
  users: UsersTable;
  verification_keys: VerificationKeysTable;
}
