import { setTimeout as delay } from 'node:timers/promises';
import type { Stack } from '../stack/stack.ts';
import { append, readPrefix, type RawRecord } from '../stack/records.ts';
import { aroundFault, type Fault } from './fault.ts';

const topics = [
  { topic: 'idp.ledger.transfer.v1', service: 'ledger' },
  { topic: 'idp.catalog.entity.v1', service: 'catalog' },
];
/** Of each partition. */
const recordsMax = 20;

type Recorded = { place: (typeof topics)[number]; records: RawRecord[] }[];

async function record(stack: Stack): Promise<Recorded> {
  return Promise.all(
    topics.map(async (place) => {
      const records = await readPrefix(stack, place.topic, recordsMax);
      return { place, records: records.filter((each) => isProduced(stack, each)) };
    }),
  );
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** What an earlier fault planted on the topic would make letters of its own, and is no record of the product. */
function isProduced(stack: Stack, { headers }: RawRecord): boolean {
  const id = String(headers['ce_id']);
  return uuid.test(id) && !stack.planted.has(id);
}

async function repeat(stack: Stack, recorded: Recorded): Promise<number> {
  await Promise.all(recorded.map(({ place, records }) => append(stack, place, records)));
  return recorded.reduce((sum, { records }) => sum + records.length, 0);
}

/** Records that come again, byte for byte, as a transport or a frozen relay may have it. */
export const replays: Fault[] = [
  {
    name: 'replay-three-times',
    description: 'the beginning of every topic comes three times more',
    mayFail: [],
    doublesOnTheWire: true,
    lasts: (times) => aroundFault(times) + 4_000,
    async strike({ stack, note }) {
      const recorded = await record(stack);
      let records = 0;
      for (let round = 0; round < 3; round++) records += await repeat(stack, recorded);
      note('replayed', records);
    },
  },
  {
    name: 'replay-delayed',
    description: 'the beginning of every topic comes again when later events have long been applied',
    mayFail: [],
    doublesOnTheWire: true,
    lasts: (times) => aroundFault(times) + times.outageMs + 3_000,
    async strike({ stack, times, note }) {
      const recorded = await record(stack);
      await delay(times.outageMs);
      note('replayed', await repeat(stack, recorded));
    },
  },
];
