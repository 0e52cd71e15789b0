import { setTimeout as pause } from 'node:timers/promises';
import { oneByOne } from '../events/consumers.ts';
import { createLatency, startLoad } from '../events/latency.ts';
import { openStage, type Stage } from '../events/stage.ts';
import type { Row } from '../row.ts';

const eventsPerSecond = 1_000;
/** At least; and until as many events wait as such a load makes in this time. */
const outageSeconds = 60;
const drainLimitSeconds = 30;
/** After the backlog is gone; then latency counts. */
const settleSeconds = 10;
const afterSeconds = 20;
const limitMs = 1_000;

interface Outage {
  waited: number;
  failed: number;
  /** From the return of the broker until everything that had waited had its effect, while more came. */
  drainSeconds: number;
  p99Ms: number;
}

/** Stops the broker under load, starts it again, and follows the events to their effects. */
async function stopBroker(stage: Stage, seconds: number): Promise<Outage> {
  let latency = createLatency();
  const onCommitted = (ids: readonly string[]): void => latency.onEffect(ids);
  const writing = await stage.run('kafka', stage.producer, []);
  const reading = await stage.run('kafka', stage.reader, [oneByOne], { onCommitted });
  const load = startLoad(stage, eventsPerSecond, (ids) => latency.onCommitted(ids));
  await untilTrue(() => latency.histogram.totalCount > eventsPerSecond);
  const [broker] = stage.kafka.brokers;
  await broker!.stop();
  const before = load.committed;
  await pause(seconds * 1_000);
  await untilTrue(() => load.committed - before >= seconds * eventsPerSecond);
  await broker!.start();
  const returnedAt = performance.now();
  const waited = latency.waiting;
  const seen = latency.histogram.totalCount;
  await untilTrue(() => latency.histogram.totalCount - seen >= waited);
  const drainSeconds = (performance.now() - returnedAt) / 1_000;
  await pause(settleSeconds * 1_000);
  latency = createLatency();
  await pause(afterSeconds * 1_000);
  await load.end();
  await writing.runtime.drain();
  await reading.runtime.drain();
  await reading[Symbol.asyncDispose]();
  await writing[Symbol.asyncDispose]();
  return { waited, failed: load.failed, drainSeconds, p99Ms: latency.histogram.getValueAtPercentile(99) / 1_000 };
}

async function untilTrue(condition: () => boolean): Promise<void> {
  while (!condition()) await pause(20);
}

/** What an outage of the broker costs: no error, a backlog that is gone soon, and everything as before. */
export const outage: Row = {
  name: 'outage',
  suite: 'events',
  async run({ rounds }) {
    await using stage = await openStage();
    const seconds = rounds > 3 ? outageSeconds : outageSeconds / 6;
    const { waited, failed, drainSeconds, p99Ms } = await stopBroker(stage, seconds);
    return {
      name: 'outage',
      title: `The broker away for ${seconds} s under ${eventsPerSecond} events/s`,
      figures: [],
      claims: [
        { text: 'commits that failed meanwhile', ratio: failed, limit: 0, bound: 'at-most' },
        {
          text: `time until the backlog had its effects, while more came, as part of ${drainLimitSeconds} s`,
          ratio: drainSeconds / drainLimitSeconds,
          limit: 1,
          bound: 'at-most',
        },
        {
          text: `p99 from commit to effect ${settleSeconds} s later, as part of ${limitMs} ms`,
          ratio: p99Ms / limitMs,
          limit: 1,
          bound: 'at-most',
        },
      ],
      notes: [
        `${waited} events waited and had their effects ${drainSeconds.toFixed(1)} s after the return of the broker (${Math.round(waited / drainSeconds)} events/s); p99 afterwards ${p99Ms.toFixed(1)} ms`,
      ],
    };
  },
};
