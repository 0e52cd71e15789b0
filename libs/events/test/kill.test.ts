import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createFailpoints } from '../src/failpoints.ts';
import { change, listEffects, newTenant, openProbe, versionsOf, type Probe } from './probe.ts';
import { countRows, listDeadLetters } from './records.ts';

const name = 'reader.probe';
const script = fileURLToPath(new URL('./worker/worker.ts', import.meta.url));
let probe: Probe;
beforeAll(async () => {
  probe = await openProbe(name);
});
beforeEach(() => probe.reset());
afterAll(() => probe[Symbol.asyncDispose]());

/** Runs the worker until it dies of its failpoint or has nothing left to do, and then kills it. Resolves with which of them. */
async function runWorker(env: Record<string, string> = {}): Promise<'killed' | 'drained'> {
  const { adminUrl, prefix } = probe.address;
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script], {
    env: { PATH: process.env['PATH'], ADMIN_URL: adminUrl, PREFIX: prefix, ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>;
  let drained = false;
  for await (const line of createInterface({ input: child.stdout })) {
    if (line !== 'drained') continue;
    drained = true;
    child.kill('SIGKILL');
  }
  const [code, signal] = await exited;
  if (signal !== 'SIGKILL') throw new Error(`the worker ended with ${code ?? signal}`);
  return drained ? 'drained' : 'killed';
}

const keys = ['a', 'b', 'c', 'later'];
const versions = [1, 2, 3, 4, 5];

/** Acknowledged changes: their transactions are committed. */
async function writeEvents(): Promise<string> {
  const tenant = newTenant();
  for (const _ of versions) {
    for (const key of keys) {
      await probe.producer.database.tenant(tenant).write((tx) => change(tx, key), { unaudited: 'test' });
    }
  }
  return tenant;
}

it.each([
  ['relay.beforePublish', 0],
  ['relay.afterAck', 1],
  ['consumer.afterEffect', 0],
  ['consumer.beforeOffset', 0],
  ['park.beforeCommit', 0],
])(
  'kill -9 at %s loses nothing and doubles nothing',
  async (failpoint, duplicatesMin) => {
    const tenant = await writeEvents();
    const later = { LATER: 'later' };
    expect(await runWorker({ ...later, FAILPOINT: failpoint })).toBe('killed');
    await runWorker({ ...later, FAILPOINT: `${failpoint}:2` });
    expect(await runWorker(later)).toBe('drained');
    expect(await runWorker(later)).toBe('drained');
    const effects = await listEffects(probe, tenant, name);
    for (const key of keys) expect(versionsOf(effects, key), key).toEqual(versions);
    const onTheWire = await countRows(probe.address, 'bus.records');
    expect(onTheWire - keys.length * versions.length).toBeGreaterThanOrEqual(duplicatesMin);
  },
  120_000,
);

it('an event that kills its process becomes a dead letter, and the partition moves on', async () => {
  const tenant = await writeEvents();
  let runs = 0;
  // What follows the dead letter of its key waits; nothing else does.
  const waiting = versions.length - 1;
  while ((await runWorker({ KILLER: 'b', PARKED: String(waiting) })) === 'killed') {
    runs += 1;
    expect(runs).toBeLessThan(8);
  }
  const effects = await listEffects(probe, tenant, name);
  for (const key of ['a', 'c', 'later']) expect(versionsOf(effects, key), key).toEqual(versions);
  expect(versionsOf(effects, 'b')).toEqual([]);
  expect(await listDeadLetters(probe.address)).toMatchObject([{ error_code: 'CRASHES_CONSUMER', key: `${tenant}:b` }]);
  expect(await countRows(probe.address, 'reader.parked_events', `last_code = 'WAITS'`)).toBe(waiting);
}, 120_000);

it('kill -9 in a redrive leaves the dead letter open and no effect, and the next one applies it once', async () => {
  const tenant = await writeEvents();
  const poison = { POISON: 'b' };
  const waiting = String(versions.length - 1);
  expect(await runWorker({ ...poison, PARKED: waiting })).toBe('drained');
  const redrive = { ...poison, REDRIVE: tenant };
  expect(await runWorker({ ...redrive, FAILPOINT: 'redrive.beforeCommit' })).toBe('killed');
  expect(versionsOf(await listEffects(probe, tenant, name), 'b')).toEqual([]);
  expect(await countRows(probe.address, 'reader.dead_letters', `status = 'open' and attempts = 1`)).toBe(1);
  expect(await runWorker(redrive)).toBe('drained');
  expect(versionsOf(await listEffects(probe, tenant, name), 'b')).toEqual(versions);
  expect(await countRows(probe.address, 'reader.dead_letters', `status = 'redriven'`)).toBe(1);
}, 120_000);

it('refuses failpoints in production, and unknown ones', () => {
  expect(() => createFailpoints({ FAILPOINT: 'relay.afterAck', NODE_ENV: 'production' })).toThrow(/production/);
  expect(() => createFailpoints({ FAILPOINT: 'relay.sometimes' })).toThrow(/unknown/);
  expect(() => createFailpoints({ NODE_ENV: 'production' })).not.toThrow();
});
