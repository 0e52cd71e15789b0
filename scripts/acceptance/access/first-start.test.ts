import { randomBytes } from 'node:crypto';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { services } from '@idp/gateway';
import { testDatabase, type TestDatabase } from '@idp/testing';
import { freePort } from '@idp/tools';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { guideScript } from '../../../gateway/test/e2e/guides/guide-script.ts';
import { missingPrograms, runGuide } from '../../../gateway/test/e2e/guides/run-guide.ts';
import { createServiceProcess, type ServiceProcess } from '../../fault/stack/service-process.ts';

const missing = missingPrograms(['bash', 'curl', 'jq']);

let directory: string;
let database: TestDatabase;
let running: ServiceProcess | undefined;

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'idp-first-start-'));
  database = await testDatabase({ services });
  const { app, relay, bus } = database.urlsFor('auth');
  running = createServiceProcess({
    name: 'auth',
    main: new URL('../../../services/auth/src/main.ts', import.meta.url).pathname,
    execArgv: ['--disable-proto=throw'],
    env: {
      PATH: process.env['PATH'] ?? '',
      NODE_ENV: 'test',
      HOST: '127.0.0.1',
      PORT: String(await freePort()),
      MANAGEMENT_PORT: String(await freePort()),
      PUBLIC_URL: 'http://localhost:8080',
      DATABASE_URL: app,
      DATABASE_RELAY_URL: relay,
      DATABASE_BUS_URL: bus,
      CURSOR_SECRET: randomBytes(32).toString('hex'),
      SECRETS_FILE: join(directory, 'kek.json'),
    },
    directory,
    logFile: join(directory, 'auth.log'),
  });
  await running.start();
}, 600_000);
afterAll(async () => {
  await running?.stop();
  await database?.[Symbol.asyncDispose]();
  await rm(directory, { recursive: true, force: true });
});

test.skipIf(missing.length > 0)(
  'by the token of its log auth gets its first owner, once, as the guide says',
  { timeout: 300_000 },
  async () => {
    const guide = new URL('../../../docs/operations/first-start.md', import.meta.url);
    const script = guideScript(await readFile(guide, 'utf8'), {
      'https://idp.example.com': running!.url,
      'kubectl logs deploy/auth': 'cat auth.log',
    });
    await runGuide(script, { directory });
    // Nobody is asked for a token any more, and no start prints one.
    await running!.stop();
    const before = (await readFile(join(directory, 'auth.log'), 'utf8')).split('setup token').length;
    await running!.start();
    expect((await readFile(join(directory, 'auth.log'), 'utf8')).split('setup token')).toHaveLength(before);
  },
);
