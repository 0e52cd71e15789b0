import { newId } from '@idp/contracts';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  partitionOf,
  type EventTransport,
  type OutgoingRecord,
  type RecordChunk,
  type StoredRecord,
  type Subscription,
} from '../src/index.ts';
import { until } from './until.ts';

/** A running broker with one keyed topic of 12 partitions, and clients as different processes would make them. */
export interface ContractBroker extends AsyncDisposable {
  topic: string;
  /** A topic that does not exist. */
  missingTopic: string;
  /** Groups that may read `topic`. */
  groups: readonly [string, string];
  producer(): EventTransport;
  consumer(): EventTransport;
  /** Removes records and progress. Nothing may be subscribed. */
  reset(): Promise<void>;
}

const live = new AbortController().signal;
const tenant = '01900000-0000-7000-8000-000000000001';

function record(topic: string, aggregate: string, n: number, more: Partial<OutgoingRecord> = {}): OutgoingRecord {
  const headers = { 'content-type': 'application/protobuf', ce_id: newId(), ce_sequence: String(n) };
  return { topic, key: `${tenant}:${aggregate}`, headers, value: Buffer.from(String(n)), ...more };
}

const numberOf = ({ headers }: StoredRecord): number => Number(headers['ce_sequence']);

/** The suite that defines a transport (events §2.11): everything above the port relies on these and on nothing else. */
export function transportContract(name: string, createBroker: () => Promise<ContractBroker>): void {
  describe(`transport contract: ${name}`, () => {
    let broker: ContractBroker;
    const open: EventTransport[] = [];
    const client = (transport: EventTransport): EventTransport => {
      open.push(transport);
      return transport;
    };
    beforeAll(async () => {
      broker = await createBroker();
    });
    beforeEach(async () => {
      await Promise.all(open.splice(0).map((transport) => transport.close()));
      await broker.reset();
    });
    afterAll(async () => {
      await Promise.all(open.splice(0).map((transport) => transport.close()));
      await broker[Symbol.asyncDispose]();
    });

    async function send(records: readonly OutgoingRecord[], transport = client(broker.producer())): Promise<void> {
      for (const [topic, outcome] of await transport.publish(records, live)) {
        expect(outcome, topic).toEqual({ status: 'ok' });
      }
    }

    function read(
      onChunk: (chunk: RecordChunk) => Promise<void> | void,
      group = broker.groups[0],
    ): Promise<Subscription> {
      const transport = client(broker.consumer());
      const { topic } = broker;
      return transport.subscribe({
        mode: 'group',
        group,
        topics: [topic],
        from: 'start',
        onChunk: async (chunk) => onChunk(chunk),
      });
    }

    it('delivers headers and values byte for byte, empty and absent values too', async () => {
      const headers = { ce_id: newId(), empty: '', long: 'x'.repeat(2048), text: 'grüße 漢字 🦊' };
      const values = [Buffer.from([0, 1, 255, 10, 13]), Buffer.alloc(0), null, Buffer.alloc(256 * 1024, 7)];
      await send(
        values.map((value, at) =>
          record(broker.topic, 'a', at, { headers: { ...headers, ce_sequence: String(at) }, value }),
        ),
      );
      const got: StoredRecord[] = [];
      await read((chunk) => void got.push(...chunk.records));
      await until(() => got.length === values.length);
      expect(got.map(({ value }) => (value === null ? null : Buffer.from(value)))).toEqual(values);
      for (const each of got) expect(each.headers).toMatchObject(headers);
    });

    it('keeps the order of each key under 4 producers, with dense rising offsets, in the partition of the Java client', async () => {
      const got: StoredRecord[] = [];
      await read((chunk) => void got.push(...chunk.records));
      const produce = async (producer: number): Promise<void> => {
        const transport = client(broker.producer());
        for (let n = 0; n < 40; n += 10) {
          const batch = Array.from({ length: 10 }, (_, at) => record(broker.topic, `p${producer}-${at % 3}`, n + at));
          await send(batch, transport);
        }
      };
      await Promise.all([0, 1, 2, 3].map(produce));
      await until(() => got.length === 160);
      for (const [key, records] of Map.groupBy(got, (each) => each.key!)) {
        const numbers = records.map(numberOf);
        expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
        expect(new Set(records.map(({ part }) => part))).toEqual(new Set([partitionOf(key, 12)]));
      }
      for (const records of Map.groupBy(got, (each) => each.part).values()) {
        expect(records.map(({ offset }) => offset)).toEqual(records.map((_, at) => records[0]!.offset + at));
      }
    });

    it('delivers the same prefix twice when a producer sent it twice', async () => {
      const first = [1, 2, 3].map((n) => record(broker.topic, 'a', n));
      await send(first);
      await send([...first, record(broker.topic, 'a', 4)]);
      const got: number[] = [];
      await read((chunk) => void got.push(...chunk.records.map(numberOf)));
      await until(() => got.length === 7);
      expect(got).toEqual([1, 2, 3, 1, 2, 3, 4]);
    });

    it('delivers a chunk again when its effect was not committed, and nothing after it before', async () => {
      await send([1, 2, 3].map((n) => record(broker.topic, 'a', n)));
      const got: number[][] = [];
      await read((chunk) => {
        got.push(chunk.records.map(numberOf));
        if (got.length < 3) throw new Error('the effect failed');
      });
      await until(() => got.length === 3);
      expect(got).toEqual([
        [1, 2, 3],
        [1, 2, 3],
        [1, 2, 3],
      ]);
    });

    it('goes on where the group was, in another client, and gives each group everything', async () => {
      await send([1, 2].map((n) => record(broker.topic, 'a', n)));
      const first: number[] = [];
      const subscription = await read((chunk) => void first.push(...chunk.records.map(numberOf)));
      await until(() => first.length === 2);
      await subscription.close(5_000);
      await send([record(broker.topic, 'a', 3)]);
      const [second, other]: [number[], number[]] = [[], []];
      await read((chunk) => void second.push(...chunk.records.map(numberOf)));
      await read((chunk) => void other.push(...chunk.records.map(numberOf)), broker.groups[1]);
      await until(() => second.length === 1 && other.length === 3);
      expect([first, second, other]).toEqual([[1, 2], [3], [1, 2, 3]]);
    });

    it('gives a chunk to one member of a group at a time, while members come and go', async () => {
      const seen = new Map<string, number>();
      const busy = new Set<string>();
      let overlaps = 0;
      const onChunk = async ({ topic, part, records }: RecordChunk): Promise<void> => {
        const place = `${topic}/${part}`;
        if (busy.has(place)) overlaps += 1;
        busy.add(place);
        await new Promise((resolve) => setImmediate(resolve));
        for (const each of records) seen.set(each.headers['ce_id']!, (seen.get(each.headers['ce_id']!) ?? 0) + 1);
        busy.delete(place);
      };
      const members = [await read(onChunk), await read(onChunk)];
      for (let round = 0; round < 6; round += 1) {
        await send(Array.from({ length: 50 }, (_, at) => record(broker.topic, `k${at}`, round)));
        if (round === 2) members.push(await read(onChunk));
        if (round === 4) await members.shift()!.close(5_000);
      }
      await until(() => seen.size === 300);
      expect(overlaps).toBe(0);
      expect([...seen.values()].every((count) => count === 1)).toBe(true);
    });

    it('reports its lag exactly at rest', async () => {
      const transport = client(broker.consumer());
      const [group] = broker.groups;
      const got: number[] = [];
      const subscription = await read((chunk) => void got.push(...chunk.records.map(numberOf)));
      await send([1, 2, 3].map((n) => record(broker.topic, 'a', n)));
      await until(async () => got.length === 3 && (await transport.lag(group)).length === 0);
      await subscription.close(5_000);
      await send([...[4, 5].map((n) => record(broker.topic, 'a', n)), record(broker.topic, 'b', 1)]);
      const lag = await transport.lag(group);
      expect(lag.reduce((sum, { records }) => sum + records, 0)).toBe(3);
      const { topic } = broker;
      expect(lag).toContainEqual({
        group,
        topic,
        part: partitionOf(`${tenant}:a`, 12),
        records: expect.any(Number) as number,
      });
    });

    it('delivers nothing while paused, and everything after', async () => {
      const got: number[] = [];
      const subscription = await read((chunk) => void got.push(...chunk.records.map(numberOf)));
      subscription.pause();
      await send([1, 2].map((n) => record(broker.topic, 'a', n)));
      // Another group that gets them shows that they could have come.
      const other: number[] = [];
      await read((chunk) => void other.push(...chunk.records.map(numberOf)), broker.groups[1]);
      await until(() => other.length === 2);
      expect(got).toEqual([]);
      subscription.resume();
      await until(() => got.length === 2);
    });

    it('answers for a missing topic with retry, loses nothing, and takes the other topics of the call', async () => {
      const transport = client(broker.producer());
      const outcomes = await transport.publish(
        [record(broker.missingTopic, 'a', 1), record(broker.topic, 'a', 2)],
        live,
      );
      expect(outcomes.get(broker.missingTopic)?.status).toBe('retry');
      expect(outcomes.get(broker.topic)).toEqual({ status: 'ok' });
    });

    it('refuses a subscription to a topic that is missing', async () => {
      const transport = client(broker.consumer());
      const [group] = broker.groups;
      const subscribing = transport.subscribe({
        mode: 'group',
        group,
        topics: [broker.missingTopic],
        from: 'start',
        onChunk: async () => undefined,
      });
      await expect(subscribing).rejects.toThrow();
    });

    it('closes with a chunk in hand: its signal aborts, it is stale, and it comes again elsewhere', async () => {
      await send([record(broker.topic, 'a', 1)]);
      const transport = client(broker.consumer());
      const { promise: taken, resolve } = Promise.withResolvers<RecordChunk>();
      await transport.subscribe({
        mode: 'group',
        group: broker.groups[0],
        topics: [broker.topic],
        from: 'start',
        onChunk: (chunk) =>
          new Promise((_, reject) => {
            chunk.signal.addEventListener('abort', () => reject(new Error('given up')), { once: true });
            resolve(chunk);
          }),
      });
      const chunk = await taken;
      expect(chunk.isStale()).toBe(false);
      await transport.close();
      expect(chunk.isStale()).toBe(true);
      const got: number[] = [];
      await read((again) => void got.push(...again.records.map(numberOf)));
      await until(() => got.length === 1);
    });

    it('shows every instance every record after its reset, from the start or from now', async () => {
      await send([1, 2].map((n) => record(broker.topic, 'a', n)));
      const open = async (from: 'start' | 'now') => {
        const log: string[] = [];
        const transport = client(broker.consumer());
        await transport.subscribe({
          mode: 'instance',
          topics: [broker.topic],
          from,
          onReset: async () => void log.push('reset'),
          onChunk: async (chunk) => void log.push(...chunk.records.map((each) => String(numberOf(each)))),
          onCaughtUp: () => void log.push('caught up'),
        });
        return log;
      };
      const [whole, again, fresh] = [await open('start'), await open('start'), await open('now')];
      await until(() => whole.length === 4 && again.length === 4 && fresh.includes('caught up'));
      await send([record(broker.topic, 'a', 3)]);
      await until(() => [whole, again, fresh].every((log) => log.includes('3')));
      expect(whole).toEqual(['reset', '1', '2', 'caught up', '3']);
      expect(again).toEqual(whole);
      expect(fresh).toEqual(['reset', 'caught up', '3']);
    });

    it('applies 10,000 records once with 3 consumers that fail at random', async () => {
      const total = 10_000;
      const offsets = new Map<string, number>();
      let applied = 0;
      // The effect remembers the offset it came to, as an inbox would: at least once below, once above.
      const onChunk = ({ part, records }: RecordChunk): void => {
        if (Math.random() < 0.05) throw new Error('dies before its effect');
        for (const { offset } of records) {
          if (offset <= (offsets.get(String(part)) ?? -1)) continue;
          expect(offset).toBe((offsets.get(String(part)) ?? -1) + 1);
          offsets.set(String(part), offset);
          applied += 1;
        }
        if (Math.random() < 0.05) throw new Error('dies before its offset');
      };
      await Promise.all([read(onChunk), read(onChunk), read(onChunk)]);
      const transport = client(broker.producer());
      for (let n = 0; n < total; n += 500) {
        await send(
          Array.from({ length: 500 }, (_, at) => record(broker.topic, `k${at % 97}`, n + at)),
          transport,
        );
      }
      await until(() => applied === total);
    });
  });
}
