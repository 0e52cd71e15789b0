import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { createCrashCounter } from '../src/consumer/crash-counter.ts';
import type { RecordChunk } from '../src/transport/transport.ts';
import { openRelayDoor } from './bench-database.ts';
import { openProbe, type Probe } from './probe.ts';

const consumer = 'reader.probe';
const offsets = [10, 11, 12, 13];
let probe: Probe;
beforeAll(async () => {
  probe = await openProbe(consumer);
});
beforeEach(() => probe.reset());
afterAll(() => probe[Symbol.asyncDispose]());

/** One process on the chunk, which always comes as a whole. Answers the offset it blames, or 'killed'. */
async function live(deadly: number): Promise<number | 'killed' | 'through'> {
  const crashes = createCrashCounter({ door: openRelayDoor(probe.reader), consumer });
  const records = offsets.map((offset) => ({ offset }));
  const chunk = { topic: 'idp.catalog.entity.v1', part: 3, records } as unknown as RecordChunk;
  if (!(await crashes.begin(chunk))) return 'killed';
  for (const offset of offsets) {
    if (await crashes.beforeAlone(chunk, offset)) return offset;
    if (offset === deadly) return 'killed';
  }
  await crashes.end(chunk, true);
  return 'through';
}

it.each(offsets)('the event at %s that kills its process is found behind others of its chunk', async (deadly) => {
  let deaths = 0;
  let last = await live(deadly);
  for (; last === 'killed' && deaths < 10; last = await live(deadly)) deaths += 1;
  expect(last).toBe(deadly);
  // Twice as part of its chunk, once alone; a process that dies for another reason meanwhile changes nothing.
  expect(deaths).toBe(3);
});
