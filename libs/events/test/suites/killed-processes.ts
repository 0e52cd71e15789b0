import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { change, listEffects, newTenant, until, versionsOf, type Probe } from '../probe.ts';
import { countRows, listDeadLetters } from '../records.ts';
import { runWorker, startWorker } from '../worker/run-worker.ts';

const name = 'reader.probe';
const steadyKeys = ['a', 'b', 'c'];
const keys = [...steadyKeys, 'later'];
const versions = [1, 2, 3, 4, 5];
/** Between two writes of the load. */
const pauseMs = 5;

/** Processes die anywhere: what was acknowledged has its effect, once and in order (events §4, §8 items 4, 5, 7 and 24). */
export function killedProcesses(carrier: string, openProbe: () => Promise<Probe>): void {
  describe(`processes that die, on ${carrier}`, { timeout: 300_000 }, () => {
    let probe: Probe;
    beforeAll(async () => {
      probe = await openProbe();
    });
    beforeEach(() => probe.reset());
    afterAll(() => probe[Symbol.asyncDispose]());

    const write = (tenant: string, key: string) =>
      probe.producer.database.tenant(tenant).write((tx) => change(tx, key), { unaudited: 'test' });

    /** Acknowledged changes: their transactions are committed. */
    async function writeEvents(): Promise<string> {
      const tenant = newTenant();
      for (const _ of versions) for (const key of keys) await write(tenant, key);
      return tenant;
    }

    it.each([
      ['relay.beforePublish', 0],
      ['relay.afterAck', 1],
      ['consumer.afterEffect', 0],
      ['consumer.beforeOffset', 0],
      ['park.beforeCommit', 0],
    ])('kill -9 at %s loses nothing and doubles nothing', async (failpoint, duplicatesMin) => {
      const tenant = await writeEvents();
      const later = { LATER: 'later' };
      expect(await runWorker(probe, { ...later, FAILPOINT: failpoint })).toBe('killed');
      await runWorker(probe, { ...later, FAILPOINT: `${failpoint}:2` });
      expect(await runWorker(probe, later)).toBe('drained');
      const effects = await listEffects(probe, tenant, name);
      for (const key of keys) expect(versionsOf(effects, key), key).toEqual(versions);
      const doubles = (await probe.carrier.countRecords()) - keys.length * versions.length;
      expect(doubles).toBeGreaterThanOrEqual(duplicatesMin);
    });

    it('an event that kills its process becomes a dead letter, and the partition moves on', async () => {
      const tenant = await writeEvents();
      let runs = 0;
      // What follows the dead letter of its key waits; nothing else does.
      const waiting = versions.length - 1;
      while ((await runWorker(probe, { KILLER: 'b', PARKED: String(waiting) })) === 'killed') {
        runs += 1;
        expect(runs).toBeLessThan(8);
      }
      const effects = await listEffects(probe, tenant, name);
      for (const key of ['a', 'c', 'later']) expect(versionsOf(effects, key), key).toEqual(versions);
      expect(versionsOf(effects, 'b')).toEqual([]);
      expect(await listDeadLetters(probe.address)).toMatchObject([
        { error_code: 'CRASHES_CONSUMER', key: `${tenant}:b` },
      ]);
      expect(await countRows(probe.address, 'reader.parked_events', `last_code = 'WAITS'`)).toBe(waiting);
    });

    it('kill -9 in a redrive leaves the dead letter open and no effect, and the next one applies it once', async () => {
      const tenant = await writeEvents();
      const poison = { POISON: 'b' };
      const waiting = String(versions.length - 1);
      expect(await runWorker(probe, { ...poison, PARKED: waiting })).toBe('drained');
      const redrive = { ...poison, REDRIVE: tenant };
      expect(await runWorker(probe, { ...redrive, FAILPOINT: 'redrive.beforeCommit' })).toBe('killed');
      expect(versionsOf(await listEffects(probe, tenant, name), 'b')).toEqual([]);
      expect(await countRows(probe.address, 'reader.dead_letters', `status = 'open' and attempts = 1`)).toBe(1);
      expect(await runWorker(probe, redrive)).toBe('drained');
      expect(versionsOf(await listEffects(probe, tenant, name), 'b')).toEqual(versions);
      expect(await countRows(probe.address, 'reader.dead_letters', `status = 'redriven'`)).toBe(1);
    });

    it('kill -9 of producers and consumers under load, wherever they are: every write has its effect once', async () => {
      // 50 for the acceptance of a release; each ends one of two processes that relay and consume side by side.
      const kills = Number(process.env['KILLS'] ?? 4);
      const tenant = newTenant();
      const written = new Map(keys.map((key) => [key, 0]));
      let writing = true;
      const load = (async () => {
        for (let n = 0; writing; n += 1) {
          const key = keys[n % keys.length]!;
          written.set(key, await write(tenant, key));
          await sleep(pauseMs);
        }
      })();
      const stays = { STAYS: '1', LATER: 'later' };
      const workers = [startWorker(probe, stays), startWorker(probe, stays)];
      const applied = () =>
        Promise.all(steadyKeys.map((key) => countRows(probe.address, 'reader.effects', `aggregate_id = '${key}'`)));
      try {
        for (let n = 0; n < kills; n += 1) {
          const before = await applied();
          // It is killed in the middle of its work. Each key came on since the last one died: an event that is being handled when three
          // processes in a row die is given up, and rightly so.
          await until(
            async () => (await applied()).every((count, at) => count > before[at]!),
            'progress of every key between two kills',
            120_000,
          );
          await workers[n % 2]![Symbol.asyncDispose]();
          workers[n % 2] = startWorker(probe, stays);
        }
      } finally {
        writing = false;
        await load;
        for (const worker of workers) await worker[Symbol.asyncDispose]();
      }
      expect(await runWorker(probe, { LATER: 'later' })).toBe('drained');
      const effects = await listEffects(probe, tenant, name);
      for (const [key, last] of written) {
        expect(versionsOf(effects, key), key).toEqual(Array.from({ length: last }, (_, at) => at + 1));
      }
    }, 600_000);
  });
}
