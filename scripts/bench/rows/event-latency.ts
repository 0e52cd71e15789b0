import { build, type Histogram } from 'hdr-histogram-js';
import { setTimeout as pause } from 'node:timers/promises';
import { oneByOne } from '../events/consumers.ts';
import { commitEvents, openStage, tenantsOf, timed, type Carrier, type Stage } from '../events/stage.ts';
import type { Row } from '../row.ts';

const eventsPerSecond = 1_000;
const eventsPerCommit = 4;
const limitMs = 100;
const idleSeconds = 10;

/** Commits at a fixed rate, whatever comes back; latency from the end of a commit to the end of the effect's. */
async function measureLatency(stage: Stage, carrier: Carrier, seconds: number): Promise<Histogram> {
  const histogram = build({ numberOfSignificantValueDigits: 3 });
  const committed = new Map<string, number>();
  const effective = new Map<string, number>();
  const note = (id: string): void => {
    const [from, to] = [committed.get(id), effective.get(id)];
    if (from === undefined || to === undefined) return;
    histogram.recordValue(Math.max(1, Math.round((to - from) * 1_000)));
    committed.delete(id);
    effective.delete(id);
  };
  const onCommitted = (ids: readonly string[]): void => {
    for (const id of ids) note((effective.set(id, performance.now()), id));
  };
  const writing = await stage.run(carrier, stage.producer, []);
  const reading = await stage.run(carrier, stage.reader, [oneByOne], { onCommitted });
  const tenants = tenantsOf(10);
  const work = new Set<Promise<void>>();
  const warmUntil = performance.now() + 2_000;
  const end = warmUntil + seconds * 1_000;
  for (let n = 0, next = performance.now(); next < end; n += 1, next += (1_000 * eventsPerCommit) / eventsPerSecond) {
    await pause(Math.max(0, next - performance.now()));
    if (next < warmUntil) histogram.reset();
    const one: Promise<void> = commitEvents(stage.producer, tenants[n % tenants.length]!, eventsPerCommit)
      .then((ids) => {
        for (const id of ids) note((committed.set(id, performance.now()), id));
      })
      .finally(() => work.delete(one));
    work.add(one);
  }
  await Promise.all(work);
  await writing.runtime.drain();
  await reading.runtime.drain();
  await reading[Symbol.asyncDispose]();
  await writing[Symbol.asyncDispose]();
  return histogram;
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
