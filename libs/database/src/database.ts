import type { Database, DatabaseOptions, AuditSink, CommitListener } from './contract.ts';
import { createDatabaseMetrics, reportPools, type DatabaseMetrics } from './metrics.ts';
import { createMigrationCheck } from './migrations/ready.ts';
import { createCursorCodec } from './pages/cursor.ts';
import { runChunk } from './doors/chunk.ts';
import { createDoor, statementTimeoutMs, type DoorEnvironment } from './doors/door.ts';
import { tenantUuid } from './transaction/openings.ts';
import { createPlatformDoor, type PlatformDoor } from './doors/platform.ts';
import { UnderWay } from './transaction/under-way.ts';
import { createLanes } from './wire/lanes.ts';
import { createPool, type WirePool } from './wire/pool.ts';
import type { Naming } from './wire/wire.ts';

const appPoolMax = 8;
const relayPoolMax = 3;
const busPoolMax = 4;
/** Connections of callers that may hold one of the app pool already: data keys, sealing inside a write. */
const sidePoolMax = 1;
/** Connections of the app pool shared by single statements. */
const lanesMax = 2;
const silenceGraceMs = 1_000;
const cursorKeyBytesMin = 32;

const inside = Symbol('doors');

interface Inside {
  environment: DoorEnvironment;
  relay: WirePool | undefined;
  bus: WirePool;
  side: DoorEnvironment;
}

type Opened<DB> = Database<DB> & { readonly [inside]: Inside };

/**
 * Pools and doors of one service. Nothing connects before the first transaction; `[Symbol.asyncDispose]` waits for
 * everything under way and for closed sockets.
 */
export function createDatabase<DB>(options: DatabaseOptions): Database<DB> {
  if (options.cursorKey.length < cursorKeyBytesMin) throw new Error('cursorKey needs 32 bytes or more');
  const { service, logger } = options;
  const metrics = createDatabaseMetrics(options.metrics);
  const naming: Naming = { enabled: options.prepare ?? true, names: new Map() };
  const pools: WirePool[] = [];
  const open = (name: string, url: string, max: number): WirePool => {
    const pool = createPool({ name, url, max, naming, metrics, logger });
    pools.push(pool);
    return pool;
  };
  const poolMax = options.poolMax ?? appPoolMax;
  const pool = open('app', options.url, poolMax);
  const lanes = createLanes({
    pool,
    max: Math.min(lanesMax, Math.floor(poolMax / 2)),
    silenceMaxMs: statementTimeoutMs + silenceGraceMs,
  });
  let sink: AuditSink | undefined;
  const commitListeners: CommitListener[] = [];
  const environment: DoorEnvironment = {
    service,
    logger,
    metrics,
    naming,
    underWay: new UnderWay(),
    constraints: options.constraints ?? {},
    environment: options.environment,
    onQuery: options.onQuery,
    pool,
    lanes,
    replica: options.replicaUrl === undefined ? undefined : open('replica', options.replicaUrl, poolMax),
    globalTables: options.globalTables ?? false,
    cursorsOf: (tenantId) => createCursorCodec({ key: options.cursorKey, service, tenantId }),
    auditSink: () => sink,
    commitListener: (tables) => commitListeners.forEach((listener) => listener(tables)),
  };
  const relay = options.relayUrl === undefined ? undefined : open('relay', options.relayUrl, relayPoolMax);
  const bus = open('bus', options.busUrl ?? options.url, busPoolMax);
  const sidePool = open('side', options.url, sidePoolMax);
  const side = { ...environment, pool: sidePool, lanes: createLanes({ pool: sidePool, max: 0, silenceMaxMs: 0 }) };
  reportPools(metrics, pools);

  const checkMigrations = createMigrationCheck(options.sources ?? []);
  const database: Opened<DB> = {
    service,
    [inside]: { environment, relay, bus, side },
    tenant: (tenantId) => createDoor<DB>(environment, { tenantId: tenantUuid(tenantId) }),
    global: createDoor<DB>(environment, { tenantId: undefined }),
    chunk: (fn, chunkOptions = {}) => runChunk(environment, fn, chunkOptions),
    ready: () => checkMigrations(createPlatformDoor(environment, environment.pool, 'platform')),
    setAuditSink(next) {
      sink = next;
    },
    addCommitListener(listener) {
      commitListeners.push(listener);
    },
    async [Symbol.asyncDispose]() {
      await environment.underWay.idle();
      lanes.close();
      await Promise.all(pools.map((pool) => pool.end()));
    },
  };
  return database;
}

function doorsOf<DB>(database: Database<DB>): Inside {
  const found = (database as Partial<Opened<DB>>)[inside];
  if (found === undefined) throw new TypeError('not a database of createDatabase()');
  return found;
}

/** Platform tables of all tenants, as the relay role; for `@idp/events` alone. */
export function platformDoor<DB>(database: Database<DB>): PlatformDoor<DB> {
  const { environment, relay } = doorsOf(database);
  if (relay === undefined) throw new Error(`${environment.service} has no relay URL`);
  return createPlatformDoor<DB>(environment, relay, 'platform');
}

/** The PostgreSQL bus through connections of its own, as the app role; for `@idp/events` alone. */
export function busDoor<DB>(database: Database<DB>): PlatformDoor<DB> {
  const { environment, bus } = doorsOf(database);
  return createPlatformDoor<DB>(environment, bus, 'bus');
}

/** A tenant's door whose connections are not those of the app pool, so that it may be used inside a transaction. */
export function sideDoor<DB>(database: Database<DB>, tenantId: string) {
  return createDoor<DB>(doorsOf(database).side, { tenantId: tenantUuid(tenantId) });
}

export function metricsOf<DB>(database: Database<DB>): DatabaseMetrics {
  return doorsOf(database).environment.metrics;
}
