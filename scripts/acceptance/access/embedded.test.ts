import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startPostgres, type PostgresServer } from '@idp/tools';
import pg from 'pg';
import { afterAll, beforeAll, test } from 'vitest';
import { startHostProcess, type HostProcess } from '../../../gateway/test/e2e/host-process.ts';
import type { Place } from './place.ts';
import { scenarios } from './scenarios.ts';

let base: string;
let postgres: PostgresServer | undefined;
let host: HostProcess | undefined;
let sql: pg.Client | undefined;
let place: Place;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'idp-access-'));
  postgres = await startPostgres({ directory: join(base, 'server') });
  host = await startHostProcess({
    IDP_DATA_DIR: join(base, 'data'),
    DATABASE_URL: postgres.adminUrl,
    RATE_LIMITS: 'off',
    ARGON2_MEMORY_KIB: '8192',
    ARGON2_PASSES: '1',
  });
  await host.healthy();
  sql = new pg.Client({ connectionString: postgres.adminUrl });
  await sql.connect();
  const password = (await readFile(join(base, 'data/secrets/admin-password'), 'utf8')).trim();
  const operator = { email: 'owner@localhost', password, tenant: 'platform' } as const;
  place = { auth: host.url, catalog: host.url, operator, mails: join(base, 'data/mail'), sql };
}, 600_000);
afterAll(async () => {
  await sql?.end();
  host?.child.kill('SIGTERM');
  await host?.exited;
  await postgres?.stop();
  await rm(base, { recursive: true, force: true });
});

test.each(scenarios)('%s', { timeout: 300_000 }, async (_title, expectScenario) => expectScenario(place));
