import type { Compilable, CompiledQuery, Kysely, RawBuilder } from 'kysely';
import type { Logger, Metrics } from '@idp/telemetry';
import type { MigrationSource } from './migrations/source.ts';

/** What happened to one resource; written to `audit_log` in the transaction that made it happen. */
export interface AuditEntry {
  /** `<service>:<resource>:<verb>`, e.g. `catalog:service:update`. */
  action: string;
  resourceType: string;
  resourceId: string;
  /** State as JSON values; absent on creation. */
  before?: Readonly<Record<string, unknown>>;
  /** State as JSON values; absent on deletion. */
  after?: Readonly<Record<string, unknown>>;
  /** Default `succeeded`. */
  outcome?: 'succeeded' | 'denied' | 'failed';
  /** Names of members, at any depth, whose values must not be kept. */
  sensitive?: readonly string[];
  /** Why, where the caller gave a reason. */
  reason?: string;
}

/** One row of `audit_log`, as the audit sink receives it. Times are ISO 8601 in UTC. */
export interface AuditRecord {
  id: string;
  tenantId: string;
  service: string;
  occurredAt: string;
  action: string;
  resourceType: string;
  resourceId: string;
  outcome: 'succeeded' | 'denied' | 'failed';
  actor: string;
  onBehalfOf?: string;
  sessionId?: string;
  ip?: string;
  userAgent?: string;
  requestId?: string;
  traceId?: string;
  reason?: string;
  /** JSON text with sensitive members redacted, at most 32 KiB. */
  before?: string;
  after?: string;
  /** True where a state was above 32 KiB and holds changed paths only. */
  truncated: boolean;
}

/** Emits the event of an audit row in the same transaction; filled by `@idp/events`. */
export type AuditSink = (tx: Tx<never>, record: AuditRecord) => void;

/** Told the tables of the buffered rows and platform statements that a confirmed COMMIT carried. */
export type CommitListener = (tables: ReadonlySet<string>) => void;

/** One transaction. Everything here ends with it: keep no reference. */
export interface Tx<DB> {
  /** kysely bound to this transaction; queries started together leave in one write. */
  readonly db: Kysely<DB>;
  /** Name of the service whose schema this is. */
  readonly service: string;
  /** Tenant of the context; the platform tenant in the global door. */
  readonly tenantId: string;
  readonly readOnly: boolean;
  /** Why the transaction cannot commit any more: its first failed statement, even if its error was caught; else undefined. */
  readonly failure: unknown;
  /** Aborts when the transaction has ended without a commit or ran past its time. */
  readonly signal: AbortSignal;
  /** Buffers an audit row and returns its id; throws outside a write. */
  audit(entry: AuditEntry): string;
  /**
   * Buffers a row that leaves with COMMIT, after every statement of `fn`. Rows of one table keep their order.
   * Objects are stored as JSON, arrays as PostgreSQL arrays; columns left out take their default.
   */
  beforeCommit(table: string, row: Readonly<Record<string, unknown>>): void;
  /** Buffers a statement whose result nobody needs; it leaves with COMMIT, before the buffered rows. */
  withCommit(statement: Compilable | RawBuilder<unknown>, options?: { unaudited?: string }): void;
  /**
   * Runs a statement on a platform table of ours at once and returns its rows; for `@idp/jobs` alone. It is bookkeeping, no
   * change of a resource: it asks for no audit row. Commit listeners are told the table to `announce`.
   */
  platform<R>(statement: RawBuilder<R>, options?: { announce?: string }): Promise<R[]>;
  /** Runs after a confirmed COMMIT; its errors are logged. */
  afterCommit(fn: () => void | Promise<void>): void;
  /** Runs `fn` behind a savepoint: when it throws, its statements and buffered rows are undone and the error is thrown. */
  savepoint<T>(fn: () => Promise<T>): Promise<T>;
  /** Encodes and checks list cursors of this tenant. */
  readonly cursors: CursorCodec;
}

/** What a cursor is bound to, beside service and tenant; a cursor made for one list is refused by every other. */
export interface CursorBinding {
  principal: string;
  route: string;
  /** Any JSON value that names the filter in force. */
  filter?: unknown;
}

export interface CursorCodec {
  encode(values: readonly CursorValue[], binding: CursorBinding, sort: string): string;
  /** Throws ValidationError INVALID_CURSOR. */
  decode(cursor: string, binding: CursorBinding, sort: string): CursorValue[];
}

export type CursorValue = string | number | boolean;

export interface ReadOptions {
  /** `eventual` may be served by a replica; without one it is served by the primary. */
  consistency?: 'strong' | 'eventual';
  isolation?: 'read committed' | 'repeatable read' | 'serializable';
  /** Longest time of one statement; default is the role's (5 s). */
  timeoutMs?: number;
  /** Also sees global tables; only in services that declare them. */
  global?: boolean;
  /** Ends the transaction when the request is gone. */
  signal?: AbortSignal;
}

export interface WriteOptions {
  isolation?: 'read committed' | 'repeatable read' | 'serializable';
  timeoutMs?: number;
  global?: boolean;
  signal?: AbortSignal;
  /** Why this change needs no audit row. */
  unaudited?: string;
}

export interface Door<DB> {
  /**
   * Rows of one reading statement, in a transaction of its own that can change nothing. It shares a connection with other callers'
   * and costs about half of `read`, so it is for statements an index answers. `name` as in `named()`. Errors as in `read`.
   */
  select<R>(name: string, query: CompiledQuery<R>): Promise<R[]>;
  /** READ ONLY transaction; one round trip to the first answer. */
  read<T>(fn: (tx: Tx<DB>) => Promise<T>, options?: ReadOptions): Promise<T>;
  /** One transaction; repeated up to 3 times on serialization failures and deadlocks, so `fn` must be repeatable. */
  write<T>(fn: (tx: Tx<DB>) => Promise<T>, options?: WriteOptions): Promise<T>;
}

/** Statements of one tenant. */
export interface TenantStatements {
  tenantId: string;
  statements: readonly RawBuilder<unknown>[];
}

/** Several tenants, one after the other, in one transaction; for `@idp/events`, and for what makes two tenants at once. */
export interface Chunk<DB> {
  /** Runs the statements of all tenants in order and in one round trip; the rows of each statement, by tenant. */
  ask(requests: readonly TenantStatements[]): Promise<unknown[][][]>;
  /** Sets the tenant, runs `fn`, and flushes that tenant's buffered rows. */
  tenant<T>(tenantId: string, fn: (tx: Tx<DB>) => Promise<T>): Promise<T>;
}

export interface ChunkOptions {
  /** Global tables too, for a service that declares them. */
  global?: boolean;
  timeoutMs?: number;
  signal?: AbortSignal;
}

export interface Database<DB> extends AsyncDisposable {
  readonly service: string;
  /** The only way to a tenant's rows. Throws ValidationError when the id is not a UUID. */
  tenant(tenantId: string): Door<DB>;
  /** Global tables of services that declare them; tenant tables show no rows. */
  readonly global: Door<DB>;
  chunk<T>(fn: (chunk: Chunk<DB>) => Promise<T>, options?: ChunkOptions): Promise<T>;
  /** Throws UnavailableError while the server is away or the schema is behind this release. */
  ready(): Promise<void>;
  setAuditSink(sink: AuditSink): void;
  /** Called after a confirmed COMMIT with the tables whose buffered rows it carried: what waits for them may look now. */
  addCommitListener(listener: CommitListener): void;
}

/** One statement as it was sent; for plan tests. */
export interface ObservedQuery {
  name: string;
  sql: string;
  parameters: readonly unknown[];
}

export interface DatabaseOptions {
  service: string;
  /** Login of the app role. */
  url: string;
  /** Login of the relay role; without it the platform door is closed. */
  relayUrl?: string;
  /** Where the PostgreSQL bus is; default `url`. */
  busUrl?: string;
  replicaUrl?: string;
  /** Connections of the app pool; default 8. */
  poolMax?: number;
  /** False sends every statement unnamed (poolers that know no prepared statements). */
  prepare?: boolean;
  /** The service declares global tables. */
  globalTables?: boolean;
  /** HMAC key of list cursors, 32 bytes or more. */
  cursorKey: Buffer;
  /** Constraint or unique index name → field name of the API. */
  constraints?: Readonly<Record<string, string>>;
  /** What the schema must hold before `ready()` resolves. */
  sources?: readonly MigrationSource[];
  metrics: Metrics;
  logger: Logger;
  environment: 'production' | 'development' | 'test';
  /** Sees every statement; for plan tests. */
  onQuery?: (query: ObservedQuery) => void;
}
