// Written by `npm run generate` from the migrated database.
import type { ColumnType, Generated, GeneratedAlways } from 'kysely';

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

export interface ChangesTable {
  tenant_id: Generated<string>;
  seq: number;
  no: number;
  op: string;
  revision: number;
  related: Generated<number[]>;
  at: Generated<string>;
}

export interface ClaimsTable {
  tenant_id: Generated<string>;
  id: string;
  no: number;
  source_id: string;
  location_ref: string;
  origin_ref: string;
  kind: Generated<string>;
  state: string;
  priority: Generated<number>;
  raw: string;
  hash: string;
  parent_no: number | null;
  commit_sha: string | null;
  orphaned_at: string | null;
  created_at: Generated<string>;
  updated_at: Generated<string>;
  created_by: string;
  updated_by: string;
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

export interface DocumentsTable {
  tenant_id: Generated<string>;
  id: string;
  source_id: string;
  path: string;
  index: number;
  blob_hash: string;
  input_hash: string;
  state: string;
  no: number | null;
  error: string | null;
  reason: string | null;
  line: number | null;
  col: number | null;
  includes: Generated<string[]>;
  created_at: Generated<string>;
  updated_at: Generated<string>;
}

export interface EdgesTable {
  tenant_id: Generated<string>;
  origin_no: number;
  pair_id: number;
  src_no: number;
  dst_no: number;
  from_seq: number;
  to_seq: number | null;
}

export interface EntitiesTable {
  tenant_id: Generated<string>;
  no: number;
  id: string;
  kind: string;
  namespace: string;
  name: string;
  title: string | null;
  document: string;
  etag: string;
  revision: number;
  status: string | null;
  scope_team_id: string | null;
  created_at: Generated<string>;
  updated_at: Generated<string>;
  created_by: string;
  updated_by: string;
  deleted_at: string | null;
  deleted_by: string | null;
}

export interface FirstReadsTable {
  consumer: string;
  topic: string;
  part: number;
  first_offset: number;
  read_at: Generated<string>;
}

export interface HeadsTable {
  tenant_id: Generated<string>;
  seq: Generated<number>;
  next_no: Generated<number>;
  model_version: Generated<number>;
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

export interface LocationsTable {
  tenant_id: Generated<string>;
  id: string;
  type: string;
  target: string;
  presence: Generated<string>;
  entity_ref: string;
  source_id: string;
  version: Generated<number>;
  created_at: Generated<string>;
  updated_at: Generated<string>;
  created_by: string;
  updated_by: string;
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

export interface RefsTable {
  tenant_id: Generated<string>;
  no: number;
  ref: string;
  entity_id: string | null;
  last_revision: Generated<number>;
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

export interface ServicesTable {
  tenant_id: Generated<string>;
  id: string;
  no: number;
  name: string;
  description: string | null;
  repository_url: string | null;
  owner_team_id: string | null;
  digest: string;
  version: Generated<number>;
  created_at: Generated<string>;
  updated_at: Generated<string>;
  created_by: string;
  updated_by: string;
  deleted_at: string | null;
  deleted_by: string | null;
}

export interface SourcesTable {
  tenant_id: Generated<string>;
  id: string;
  kind: string;
  name: string;
  config: Generated<string>;
  secret_id: string | null;
  state: Generated<string>;
  allowed_kinds: string | null;
  last_head: string | null;
  last_synced_at: string | null;
  failures: Generated<number>;
  last_error: string | null;
  held_deletes: Generated<number>;
  version: Generated<number>;
  created_at: Generated<string>;
  updated_at: Generated<string>;
  created_by: string;
  updated_by: string;
}

export interface StreamCursorsTable {
  tenant_id: Generated<string>;
  consumer: string;
  key: string;
  sequence: number;
}

export interface TenantsTable {
  tenant_id: Generated<string>;
  slug: string;
  status: string;
  version: number;
  prepared_at: Generated<string>;
}

export interface TermKeysTable {
  tenant_id: Generated<string>;
  id: number;
  key: string;
}

export interface TermValuesTable {
  tenant_id: Generated<string>;
  id: number;
  original: string;
  folded: string;
}

export interface TermsTable {
  tenant_id: Generated<string>;
  key_id: number;
  value_id: number;
  no: number;
}

/** Tables of the schema. */
export interface Tables {
  audit_log: AuditLogTable;
  changes: ChangesTable;
  claims: ClaimsTable;
  consumer_states: ConsumerStatesTable;
  dead_letters: DeadLettersTable;
  documents: DocumentsTable;
  edges: EdgesTable;
  entities: EntitiesTable;
  first_reads: FirstReadsTable;
  heads: HeadsTable;
  idempotency_keys: IdempotencyKeysTable;
  inbox: InboxTable;
  jobs: JobsTable;
  locations: LocationsTable;
  outbox: OutboxTable;
  outbox_refused: OutboxRefusedTable;
  outbox_shards: OutboxShardsTable;
  parked_events: ParkedEventsTable;
  partition_starts: PartitionStartsTable;
  refs: RefsTable;
  schedules: SchedulesTable;
  secret_keys: SecretKeysTable;
  services: ServicesTable;
  sources: SourcesTable;
  stream_cursors: StreamCursorsTable;
  tenants: TenantsTable;
  term_keys: TermKeysTable;
  term_values: TermValuesTable;
  terms: TermsTable;
}
