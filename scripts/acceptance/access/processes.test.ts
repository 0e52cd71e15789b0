import { join } from 'node:path';
import { testKafka, testRedis } from '@idp/testing';
import pg from 'pg';
import { afterAll, beforeAll, test } from 'vitest';
import { registerLedger } from '../../fault/ledger/event-types.ts';
import { removeAbandonedStacks } from '../../fault/stack/abandoned.ts';
import { startStack, type Stack } from '../../fault/stack/stack.ts';
import type { Place } from './place.ts';
import { scenarios } from './scenarios.ts';

// Skips the file where no Kafka or Redis can be had; the stack starts servers of its own.
await testKafka();
await testRedis();

let stack: Stack | undefined;
let sql: pg.Client | undefined;
let place: Place;

beforeAll(async () => {
  await removeAbandonedStacks();
  registerLedger();
  // Definitions look up their types while they are loaded.
  const { ledger } = await import('../../fault/ledger/service.ts');
  stack = await startStack({ transport: 'kafka', brokers: 1, seed: 1, ledger });
  sql = new pg.Client({ connectionString: stack.postgres.adminUrl });
  await sql.connect();
  const [auth, catalog] = [stack.process('auth').url, stack.process('catalog').url];
  place = { auth, catalog, operator: stack.operator, mails: join(stack.directory, '.idp/mail'), sql };
}, 600_000);
afterAll(async () => {
  await sql?.end();
  await stack?.[Symbol.asyncDispose]();
});

test.each(scenarios)('%s', { timeout: 300_000 }, async (_title, expectScenario) => expectScenario(place));
