import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { newId } from '@idp/contracts';
import { createTelemetry } from '@idp/telemetry';
import { startPostgres } from '@idp/tools';
import {
  bootstrapRoles,
  CommitUnknownError,
  createDatabase,
  migrate,
  serviceRoles,
  type Database,
} from '../src/index.ts';
import { passwordOf, service, sources, tenantA, urlWith, type ProbeTables } from './probe.ts';

const prefix = 'restarts_';
const paceMs = 5;
const waitMaxMs = 120_000;

export interface Restarts {
  /** Writes whose COMMIT was confirmed, and those whose fate the caller was told is unknown. */
  acknowledged: number;
  unknown: number;
  refused: number;
  /** Confirmed writes that are not there. */
  lost: string[];
  /** Writes of which only a part is there. */
  halves: number;
  /** From the server's readiness to the next confirmed write, for each restart. */
  readyMs: number[];
}

/** Stops a server at once (`-m immediate`) and starts it again while about 200 writes a second come in. */
export async function restartUnderWrites({
  restarts,
  writes,
}: {
  restarts: number;
  writes: number;
}): Promise<Restarts> {
  await using stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'idp-restarts-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  let server = await startPostgres({ directory });
  stack.defer(() => server.stop());
  const { adminUrl } = server;
  await bootstrapRoles({ adminUrl, services: [service], prefix, passwords: passwordOf });
  await migrate({ url: adminUrl, service, prefix, sources });
  const { app, schema } = serviceRoles(service, prefix);
  const { metrics, logger } = createTelemetry({ service, version: 'test', level: 'silent' });
  const options = { service, url: urlWith(adminUrl, app), cursorKey: Buffer.alloc(32), metrics, logger };
  const database = createDatabase<ProbeTables>({ ...options, environment: 'production' });
  stack.defer(() => database[Symbol.asyncDispose]());

  const writer = startWriter(database);
  stack.defer(() => writer.stop());
  const readyMs: number[] = [];
  for (let restart = 0; restart < restarts; restart += 1) {
    await writer.confirmed(writes);
    process.kill(postmasterPid(directory), 'SIGQUIT');
    await server.stop();
    server = await startPostgres({ directory });
    const readyAt = performance.now();
    await writer.confirmed(1);
    readyMs.push(performance.now() - readyAt);
  }
  await writer.confirmed(writes);
  await writer.stop();

  const admin = new pg.Client({ connectionString: adminUrl, options: `-c search_path=${schema}` });
  await admin.connect();
  stack.defer(() => admin.end());
  const found = await admin.query<{ id: string; parts: number }>(
    `select t.id::text as id, count(q.seq)::int as parts from things t left join queue q on q.payload ->> 'id' = t.id::text group by t.id
     union all select q.payload ->> 'id', 0 from queue q where not exists (select from things t where t.id::text = q.payload ->> 'id')`,
  );
  const there = new Set(found.rows.map(({ id }) => id));
  return {
    acknowledged: writer.acknowledged.length,
    unknown: writer.unknown,
    refused: writer.refused,
    lost: writer.acknowledged.filter((id) => !there.has(id)),
    halves: found.rows.filter(({ parts }) => parts !== 1).length,
    readyMs,
  };
}

/** Writes at a steady pace, whether or not earlier ones were answered: a row, and one that leaves with COMMIT. */
function startWriter(database: Database<ProbeTables>) {
  const acknowledged: string[] = [];
  const counts = { unknown: 0, refused: 0 };
  const inFlight = new Set<Promise<void>>();
  const progress = new EventTarget();
  let stopped = false;

  async function write(): Promise<void> {
    const id = newId();
    try {
      await database.tenant(tenantA).write(
        async (tx) => {
          await tx.db.insertInto('things').values({ id, name: id }).execute();
          tx.beforeCommit('queue', { payload: { id } });
        },
        { unaudited: 'test' },
      );
      acknowledged.push(id);
      progress.dispatchEvent(new Event('confirmed'));
    } catch (error) {
      counts[error instanceof CommitUnknownError ? 'unknown' : 'refused'] += 1;
    }
  }

  async function run(): Promise<void> {
    while (!stopped) {
      const one = write().finally(() => inFlight.delete(one));
      inFlight.add(one);
      await sleep(paceMs);
    }
  }

  const running = run();
  return {
    acknowledged,
    get unknown() {
      return counts.unknown;
    },
    get refused() {
      return counts.refused;
    },
    /** Resolves when so many more writes are confirmed. */
    async confirmed(more: number): Promise<void> {
      const goal = acknowledged.length + more;
      const signal = AbortSignal.timeout(waitMaxMs);
      while (acknowledged.length < goal) await once(progress, 'confirmed', { signal });
    },
    async stop(): Promise<void> {
      stopped = true;
      await running;
      await Promise.all(inFlight);
    },
  };
}

function postmasterPid(directory: string): number {
  return Number(readFileSync(join(directory, 'postgres', 'postmaster.pid'), 'utf8').split('\n', 1)[0]);
}
