import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { newId } from '@idp/contracts';
import { type WakeSignal, createWakeSignal } from '@idp/events';
import { type RunningService, startService } from '@idp/service';
import { createTestIdentities, type TestDatabase, testDatabase } from '@idp/testing';
import pg from 'pg';
import type { CatalogContext } from '../../src/context.ts';
import type { Entity } from '../../src/domain/model/entity.ts';
import { ingestDirectory } from '../../src/operations/ingest-directory.ts';
import type { SyncReport } from '../../src/operations/sync/sync-source.ts';
import { catalog } from '../../src/service.ts';

export interface WorldOptions {
  env?: Record<string, string>;
  egressAllow?: readonly string[];
  /** The directory is configured: the service watches it for the first tenant. */
  watch?: boolean;
}

/** The catalog without anybody to call it, with a directory to write descriptors into, and its tables in plain sight. */
export interface IngestionWorld extends AsyncDisposable {
  readonly context: CatalogContext;
  readonly service: RunningService;
  readonly database: TestDatabase;
  readonly wake: WakeSignal;
  readonly tenantId: string;
  readonly directory: string;
  /** Writes files below the directory; null deletes one. */
  files(files: Record<string, string | null>): Promise<void>;
  /** One full scan of the directory. */
  scan(): Promise<SyncReport>;
  // oxlint-disable-next-line typescript/no-explicit-any -- rows of any query
  sql(text: string, values?: unknown[]): Promise<any[]>;
  /** A living entity by ref, with what the table says of it. */
  entity(ref: string): Promise<StoredEntity | undefined>;
  /** Living refs, sorted. */
  refs(): Promise<string[]>;
  /** Relations of the whole tenant as `from pair to`, current ones, sorted. */
  relations(): Promise<string[]>;
}

export interface StoredEntity {
  uid: string;
  revision: number;
  document: Entity;
  status: { type: string; level: string; message: string }[] | null;
}

/** The catalog keeps no secrets. */
export const noKeys = {
  wrap: () => Promise.reject(new Error('no keys')),
  unwrap: () => Promise.reject(new Error('no keys')),
  describe: () => 'none',
  health: async () => true,
};

export async function startWorld(options: WorldOptions = {}): Promise<IngestionWorld> {
  const directory = await mkdtemp(join(tmpdir(), 'catalog-'));
  const watched = options.watch === true ? { CATALOG_DIRECTORIES: directory } : {};
  const database = await testDatabase({ services: [catalog, { name: 'auth' }] });
  const wake = createWakeSignal();
  const publicUrl = 'http://localhost:8080';
  const { ports } = await createTestIdentities(publicUrl, [catalog.permissions]);
  const service = await startService(catalog, {
    mode: 'process',
    publicUrl,
    ports,
    environment: 'test',
    env: { CATALOG_DIRECTORIES: '', CATALOG_ORPHAN_GRACE_SECONDS: '0', ...watched, ...options.env },
    logLevel: 'silent',
    databaseUrls: database.urlsFor('catalog'),
    transportWake: wake,
    secretsKeyProvider: noKeys,
    cursorSecret: Buffer.alloc(32, 7),
    egressAllow: options.egressAllow ?? [],
  });
  const pool = new pg.Pool({ connectionString: database.adminUrl, max: 2 });
  pool.on('error', () => undefined);
  const tenantId = newId();
  const context = service.context as CatalogContext;
  const sql = async (text: string, values: unknown[] = []) => (await pool.query(text, values)).rows;
  return {
    context,
    service,
    database,
    wake,
    tenantId,
    directory,
    sql,
    files: (files) => writeFiles(directory, files),
    scan: () => ingestDirectory(context, { tenantId, directory, signal: AbortSignal.timeout(120_000) }),
    ...tenantReader(sql, tenantId),
    async [Symbol.asyncDispose]() {
      await service.stop({ deadlineMs: 5000 });
      await pool.end();
      await database[Symbol.asyncDispose]();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

function tenantReader(
  sql: IngestionWorld['sql'],
  tenantId: string,
): Pick<IngestionWorld, 'entity' | 'refs' | 'relations'> {
  return {
    async entity(ref) {
      const [row] = await sql(
        `select e.id as uid, e.revision, e.document, e.status from catalog.entities e join catalog.refs r using (tenant_id, no)
         where tenant_id = $1 and r.ref = $2 and e.deleted_at is null`,
        [tenantId, ref],
      );
      return row && { ...row, document: JSON.parse(row.document), status: JSON.parse(row.status) };
    },
    async refs() {
      const rows = await sql(
        `select r.ref from catalog.entities e join catalog.refs r using (tenant_id, no)
         where tenant_id = $1 and e.deleted_at is null order by r.ref`,
        [tenantId],
      );
      return rows.map((row) => row.ref);
    },
    async relations() {
      const rows = await sql(
        `select distinct s.ref || ' ' || e.pair_id || ' ' || d.ref as edge from catalog.edges e
         join catalog.refs s on (s.tenant_id, s.no) = (e.tenant_id, e.src_no)
         join catalog.refs d on (d.tenant_id, d.no) = (e.tenant_id, e.dst_no)
         where e.tenant_id = $1 and e.to_seq is null order by 1`,
        [tenantId],
      );
      return rows.map((row) => row.edge);
    },
  };
}

async function writeFiles(directory: string, files: Record<string, string | null>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    const file = join(directory, path);
    await mkdir(dirname(file), { recursive: true });
    if (text === null) await rm(file);
    else await writeFile(file, text);
  }
}

/** A Component as YAML. */
export function componentYaml(name: string, more: { owner?: string; metadata?: string; spec?: string } = {}): string {
  const { owner = 'team-a', metadata = '', spec = '' } = more;
  return `apiVersion: backstage.io/v1alpha1
kind: Component
metadata:
  name: ${name}
${metadata}spec:
  type: service
  lifecycle: production
  owner: ${owner}
${spec}`;
}

/** Asks again until the answer is what it should be; fails with the last answer after 25 seconds. */
export async function eventually<T>(ask: () => Promise<T>, good: (answer: T) => boolean): Promise<T> {
  const deadline = Date.now() + 25_000;
  for (;;) {
    const answer = await ask();
    if (good(answer)) return answer;
    if (Date.now() > deadline) throw new Error(`still ${JSON.stringify(answer)}`);
    await pause(20);
  }
}
