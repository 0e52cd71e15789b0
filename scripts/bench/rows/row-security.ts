import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { createDatabase, derivePassword, serviceRoles, type ObservedQuery } from '@idp/database';
import { services } from '@idp/gateway';
import { createTelemetry } from '@idp/telemetry';
import { prepareDatabase, startPostgres } from '@idp/tools';
import { namedQueries } from '../../../services/catalog/test/query/named-queries.ts';
import { fillTenants, tenantOf } from '../../../services/catalog/test/support/fill-tenants.ts';
import type { CatalogTx } from '../../../services/catalog/src/store/catalog-tx.ts';
import type { Row } from '../row.ts';

const prefix = 'bench_';
const passwords = (role: string): string => derivePassword(Buffer.alloc(32, 1), role);
const tenant = tenantOf(7);

interface Stage extends AsyncDisposable {
  /** The app role, with the tenant set. */
  guarded: pg.Client;
  /** Past row security: views of the same names hold the tenant's id as a plain condition. */
  plain: pg.Client;
  /** The statements of each named query. */
  queries: { what: string; sent: ObservedQuery[] }[];
}

async function openStage(size: { tenants: number; entities: number }): Promise<Stage> {
  const stack = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), 'idp-bench-security-'));
  stack.defer(() => rm(directory, { recursive: true, force: true }));
  const { adminUrl, stop } = await startPostgres({ directory });
  stack.defer(stop);
  const own = services.filter(({ name }) => name === 'auth' || name === 'catalog');
  await prepareDatabase({ adminUrl, services: own, prefix, passwords });
  const connect = async (url: string): Promise<pg.Client> => {
    const client = new pg.Client({ connectionString: url });
    await client.connect();
    stack.defer(() => client.end());
    return client;
  };
  const { app, schema } = serviceRoles('catalog', prefix);
  const appUrl = new URL(adminUrl);
  appUrl.username = app;
  appUrl.password = passwords(app);
  const [guarded, plain] = [await connect(appUrl.href), await connect(adminUrl)];
  await fillTenants(plain, size);
  await plain.query('checkpoint');
  await guarded.query(`select set_config('app.tenant_id', $1, false)`, [tenant]);
  await guarded.query(`set statement_timeout = '60s'`);
  await hidePolicies(plain, schema);
  return { guarded, plain, queries: await observe(appUrl.href), [Symbol.asyncDispose]: () => stack.disposeAsync() };
}

async function hidePolicies(admin: pg.Client, schema: string): Promise<void> {
  await admin.query('create schema plain');
  const { rows } = await admin.query<{ name: string }>(
    `select c.relname as name from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id'
     where c.relnamespace = $1::regnamespace and c.relkind in ('r', 'p') and not c.relispartition`,
    [schema],
  );
  for (const { name } of rows) {
    await admin.query(
      `create view plain."${name}" as select * from "${schema}"."${name}" where tenant_id = '${tenant}'`,
    );
  }
  await admin.query(`set search_path = plain, ${schema}`);
  await admin.query(`select set_config('app.tenant_id', $1, false)`, [tenant]);
}

async function observe(url: string): Promise<Stage['queries']> {
  const { logger, metrics } = createTelemetry({ service: 'catalog', version: '1', level: 'silent' });
  let sent: ObservedQuery[] = [];
  const options = {
    service: 'catalog',
    url,
    cursorKey: Buffer.alloc(32),
    metrics,
    logger,
    environment: 'production',
  } as const;
  const database = createDatabase({ ...options, onQuery: (query) => sent.push(query) });
  const queries: Stage['queries'] = [];
  for (const [what, run] of namedQueries) {
    sent = [];
    await database
      .tenant(tenant)
      .read((tx) => run(tx as CatalogTx), { isolation: 'repeatable read', timeoutMs: 60_000 });
    queries.push({ what, sent: sent.filter(({ name }) => name.startsWith('catalog.')) });
  }
  await database[Symbol.asyncDispose]();
  return queries;
}

/** Milliseconds one side takes for all statements of a query, prepared. */
async function timeOf(client: pg.Client, what: string, sent: readonly ObservedQuery[]): Promise<number> {
  const began = performance.now();
  for (const [at, { sql, parameters }] of sent.entries()) {
    await client.query({ name: `${what} ${at}`.slice(-60), text: sql, values: [...parameters] });
  }
  return performance.now() - began;
}

/** Data §6 row 3: every named query of the catalog with row security and without, on two million rows. */
export const rowSecurity: Row = {
  name: 'row-security',
  suite: 'data',
  async run({ rounds }) {
    // Seven postings each.
    const size = rounds > 3 ? { tenants: 30, entities: 10_000 } : { tenants: 20, entities: 1_000 };
    await using stage = await openStage(size);
    const { guarded, plain, queries } = stage;
    const times = queries.map(({ what }) => ({ what, with: [] as number[], without: [] as number[] }));
    for (let round = 0; round < rounds * 12; round += 1) {
      for (const [at, { what, sent }] of queries.entries()) {
        const [without, protectedBy] = [await timeOf(plain, what, sent), await timeOf(guarded, what, sent)];
        // The first executions are planned each.
        if (round < 8) continue;
        times[at]!.with.push(protectedBy);
        times[at]!.without.push(without);
      }
    }
    const ratios = times
      // The fastest run is the one nobody disturbed.
      .map((time) => ({
        what: time.what,
        ratio: Math.min(...time.with) / Math.min(...time.without),
        ms: Math.min(...time.with),
      }))
      .toSorted((a, b) => b.ratio - a.ratio);
    return {
      name: 'row-security',
      title: `Every named query of the catalog with row security, ${size.tenants} tenants of ${size.entities.toLocaleString('en')} entities`,
      figures: [],
      claims: ratios.map(({ what, ratio }) => ({
        text: `${what}, against the tenant's id as a plain condition`,
        ratio,
        limit: 1.15,
        bound: 'at-most' as const,
      })),
      notes: ratios.map(({ what, ms }) => `${what}: ${ms.toFixed(2)} ms`),
    };
  },
};
