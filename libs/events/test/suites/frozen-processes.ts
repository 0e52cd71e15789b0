import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { quickSession } from '../carriers/kafka.ts';
import { changeOne, listEffects, newTenant, until, versionsOf, type Probe } from '../probe.ts';
import { countRows } from '../records.ts';
import { startWorker, type Worker } from '../worker/run-worker.ts';

const name = 'reader.probe';
const keys = ['a', 'b', 'c', 'd'];
const frozenMs = 4 * quickSession.sessionMs;

/** A consumer that stands still longer than anybody waits for it does nothing twice when it goes on (events §8 item 16). */
export function frozenProcesses(carrier: string, openProbe: () => Promise<Probe>): void {
  describe(`a frozen process, on ${carrier}`, { timeout: 300_000 }, () => {
    let probe: Probe;
    beforeAll(async () => {
      probe = await openProbe();
    });
    beforeEach(() => probe.reset());
    afterAll(() => probe[Symbol.asyncDispose]());

    const write = async (tenant: string): Promise<void> => {
      for (const key of keys) await changeOne(probe, tenant, key);
    };
    const applied = (count: number) =>
      until(async () => (await countRows(probe.address, 'reader.effects')) >= count, `${count} effects`, 120_000);

    it.each([
      ['before its commit', 'handler'],
      ['between its commit and its offset', 'offset'],
    ])('stopped %s for four sessions, then resumed, doubles no effect and goes on', async (_when, place) => {
      const tenant = newTenant();
      for (let n = 0; n < 3; n += 1) await write(tenant);
      await using frozen = startWorker(probe, { STAYS: '1', FREEZER: 'b', FREEZE: place });
      await until(() => isStopped(frozen), 'the process has stopped itself', 120_000);
      const thawsAt = performance.now() + frozenMs;
      {
        await using other = startWorker(probe);
        await other.drained;
        await applied(3 * keys.length);
        // What follows the session of a dead member is no different from what follows the fourth.
        await until(() => performance.now() > thawsAt, 'four sessions have passed', 120_000);
        frozen.child.kill('SIGCONT');
      }
      // The resumed process is the only one now: that it applies these shows that it has left behind what it had in hand.
      await write(tenant);
      await applied(4 * keys.length);
      const effects = await listEffects(probe, tenant, name);
      for (const key of keys) expect(versionsOf(effects, key), key).toEqual([1, 2, 3, 4]);
    });
  });
}

/** By the state of the process, `T`, behind the bracket that closes its name. */
function isStopped({ child }: Worker): boolean {
  if (process.platform === 'linux') return /\) T /.test(readFileSync(`/proc/${child.pid}/stat`, 'utf8'));
  return execFileSync('ps', ['-o', 'stat=', '-p', String(child.pid)], { encoding: 'utf8' }).startsWith('T');
}
