import type { Histogram } from 'hdr-histogram-js';
import { setTimeout as pause } from 'node:timers/promises';
import { oneByOne } from '../events/consumers.ts';
import { createLatency, startLoad } from '../events/latency.ts';
import { openStage, timed, type Carrier, type Stage } from '../events/stage.ts';
import type { Row } from '../row.ts';

const eventsPerSecond = 1_000;
const warmMs = 2_000;
const limitMs = 100;
const idleSeconds = 10;

/** Commits at a fixed rate, whatever comes back; latency from the end of a commit to the end of the effect's. */
async function measureLatency(stage: Stage, carrier: Carrier, seconds: number): Promise<Histogram> {
  const latency = createLatency();
  const onCommitted = (ids: readonly string[]): void => latency.onEffect(ids);
  const writing = await stage.run(carrier, stage.producer, []);
  const reading = await stage.run(carrier, stage.reader, [oneByOne], { onCommitted });
  const load = startLoad(stage, eventsPerSecond, (ids) => latency.onCommitted(ids));
  await pause(warmMs);
  latency.histogram.reset();
  await pause(seconds * 1_000);
  await load.end();
  await writing.runtime.drain();
  await reading.runtime.drain();
  await reading[Symbol.asyncDispose]();
  await writing[Symbol.asyncDispose]();
  return latency.histogram;
}

/** Part of a core that a relay and a consumer take while nothing happens. */
async function measureIdle(stage: Stage, carrier: Carrier): Promise<number> {
  const writing = await stage.run(carrier, stage.producer, []);
  const reading = await stage.run(carrier, stage.reader, [oneByOne]);
  await pause(3_000);
  const { seconds, cpuMicros } = await timed(() => pause(idleSeconds * 1_000));
  await reading[Symbol.asyncDispose]();
  await writing[Symbol.asyncDispose]();
  return cpuMicros / (seconds * 1_000_000);
}

/** How long a change takes to show in another service, and what waiting for one costs. */
export const eventLatency: Row = {
  name: 'event-latency',
  suite: 'events',
  async run({ rounds }) {
    await using stage = await openStage();
    const seconds = rounds > 3 ? 20 : 8;
    const claims: Awaited<ReturnType<Row['run']>>['claims'] = [];
    const notes: string[] = [];
    for (const carrier of ['kafka', 'postgres'] as const) {
      const idle = await measureIdle(stage, carrier);
      const latency = await measureLatency(stage, carrier, seconds);
      const [p50, p99] = [50, 99].map((at) => latency.getValueAtPercentile(at) / 1_000);
      const where = carrier === 'kafka' ? 'on Kafka' : 'on the PostgreSQL bus';
      claims.push(
        {
          text: `p99 from commit to effect at 1,000 events/s ${where}, as part of ${limitMs} ms`,
          ratio: p99! / limitMs,
          limit: 1,
          bound: 'at-most',
        },
        {
          text: `two idle services ${where}, as part of 0.6 % of a core`,
          ratio: idle / 0.006,
          limit: 1,
          bound: 'at-most',
        },
      );
      notes.push(
        `${where}: p50 ${p50!.toFixed(1)} ms, p99 ${p99!.toFixed(1)} ms of ${latency.totalCount} events; idle ${(idle * 100).toFixed(2)} % of a core`,
      );
    }
    return {
      name: 'event-latency',
      title: 'From a commit to its effect in another service',
      figures: [],
      claims,
      notes,
    };
  },
};
