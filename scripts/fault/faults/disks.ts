import { setTimeout as delay } from 'node:timers/promises';
import type { SmallDisk } from '../stack/small-disk.ts';
import type { Stack } from '../stack/stack.ts';
import { aroundFault, type Fault } from './fault.ts';

const notPermitted = 'a small disk takes the right to mount (root)';
/** How long one may wait for what a full disk brings about. */
const shownMs = 60_000;

async function during(disk: SmallDisk | undefined, fn: () => Promise<void>): Promise<void> {
  disk!.fill();
  await fn().finally(() => disk!.free());
}

function brokerOf(stack: Stack) {
  return stack.kafka!.brokers[0]!;
}

/** Disks that are full for a while. */
export const diskFaults: Fault[] = [
  {
    name: 'disk-full-postgres',
    description: 'the disk of PostgreSQL tables is full: writes are answered 503, reads go on',
    mayFail: 'all',
    lasts: (times) => aroundFault(times) + times.outageMs,
    missing: ({ postgres }) => (postgres.disk === undefined ? notPermitted : undefined),
    async strike({ stack, times, answers, claim, note }) {
      const from = performance.now();
      const full = () => answers().filter(({ at }) => at > from);
      const refused = () => full().filter(({ method, status }) => method !== 'GET' && status === 503);
      await during(stack.postgres.disk, async () => {
        await delay(times.outageMs);
        // There may be room left in the tables themselves.
        while (refused().length === 0 && performance.now() - from < shownMs) await delay(100);
      });
      const reads = full().filter(({ method, timedOut }) => method === 'GET' && !timedOut);
      const failed = reads.filter(({ status }) => status === undefined || status >= 500);
      note('refused', refused().length);
      claim(refused().length > 0, 'no write was answered 503');
      claim(reads.length > failed.length, 'no read was answered');
      claim(failed.length <= 2, `${failed.length} of ${reads.length} reads failed`);
      const strange = full().filter(({ status }) => status === 500);
      claim(strange.length === 0, `${strange.length} requests were answered 500`);
    },
  },
  {
    name: 'disk-full-broker',
    description: 'the disk of a broker is full, at which it ends itself; it is started again when there is room',
    transports: ['kafka'],
    mayFail: [],
    lasts: (times) => aroundFault(times) + times.brokerMs + 15_000,
    missing: ({ kafkaDisk }) => (kafkaDisk === undefined ? notPermitted : undefined),
    async strike({ stack, times, note, claim }) {
      const broker = brokerOf(stack);
      const from = performance.now();
      await during(stack.kafkaDisk, async () => {
        while (broker.pid !== undefined && performance.now() - from < shownMs) await delay(100);
        claim(broker.pid === undefined, 'the broker never noticed that its disk was full');
        note('endedAfterMs', Math.round(performance.now() - from));
        await delay(times.brokerMs);
      });
      await broker.start();
    },
  },
];
