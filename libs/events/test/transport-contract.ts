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
import { timersPerSecond } from './timers.ts';
import { until } from './until.ts';

/** A running broker with one keyed topic of 12 partitions, and clients as different processes would make them. */
export interface ContractBroker extends AsyncDisposable {
  topic: string;
  /** A topic that does not exist. */
  missingTopic: string;
  /** Makes it, with 12 partitions, readable for `groups`. */
  makeMissingTopic(): Promise<void>;
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

const aborted = ({ signal }: RecordChunk): Promise<unknown> =>
  new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
const numberOf = ({ headers }: StoredRecord): number => Number(headers['ce_sequence']);

/** The suite that defines a transport (events §2.11): everything above the port relies on these and on nothing else. */
export function transportContract(name: string, createBroker: () => Promise<ContractBroker>): void {
  describe(`transport contract: ${name}`, { timeout: 120_000 }, () => {
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
      { topic = broker.topic, transport = client(broker.consumer()) } = {},
    ): Promise<Subscription> {
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

    it('takes what a missing topic left waiting, in order, as soon as the topic is there', async () => {
      const transport = client(broker.producer());
      const waiting = [1, 2, 3].map((n) => record(broker.missingTopic, 'a', n));
      expect((await transport.publish(waiting, live)).get(broker.missingTopic)?.status).toBe('retry');
      await broker.makeMissingTopic();
      await until(async () => (await transport.publish(waiting, live)).get(broker.missingTopic)?.status === 'ok');
      const got: number[] = [];
      await read((chunk) => void got.push(...chunk.records.map(numberOf)), broker.groups[0], {
        topic: broker.missingTopic,
      });
      await until(() => got.length >= 3);
      expect(got.slice(0, 3)).toEqual([1, 2, 3]);
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

    it('takes no late success for one: what ends after its subscription moves no offset', async () => {
      await send([record(broker.topic, 'a', 1)]);
      const taken = Promise.withResolvers<void>();
      const subscription = await read(async (chunk) => {
        taken.resolve();
        await aborted(chunk);
      });
      await taken.promise;
      await subscription.close(0);
      const got: number[] = [];
      await read((chunk) => void got.push(...chunk.records.map(numberOf)));
      await until(() => got.length > 0);
      expect(got).toEqual([1]);
    });

    it('closes within 5 s, however long the chunk in hand takes', async () => {
      await send([record(broker.topic, 'a', 1)]);
      const taken = Promise.withResolvers<void>();
      const never = new Promise<void>(() => undefined);
      const transport = client(broker.consumer());
      await read(
        async (chunk) => {
          taken.resolve();
          await Promise.race([never, aborted(chunk)]);
        },
        broker.groups[0],
        { transport },
      );
      await taken.promise;
      const late = AbortSignal.timeout(5_000);
      await transport.close();
      expect(late.aborted).toBe(false);
    });

    it('two members never both own what they handle, when one joins in the middle of the other’s chunk', async () => {
      await send(Array.from({ length: 60 }, (_, at) => record(broker.topic, `k${at}`, 1)));
      const hands = new Map<string, RecordChunk>();
      const effects = new Map<string, number>();
      let bothOwners = 0;
      const first = Promise.withResolvers<void>();
      const joined = Promise.withResolvers<void>();
      const member =
        (wait: boolean) =>
        async (chunk: RecordChunk): Promise<void> => {
          const place = String(chunk.part);
          const other = hands.get(place);
          if (other !== undefined && !other.isStale()) bothOwners += 1;
          hands.set(place, chunk);
          first.resolve();
          if (wait) await Promise.race([joined.promise, aborted(chunk)]);
          await chunk.heartbeat();
          if (chunk.isStale()) throw new Error('lost');
          for (const each of chunk.records) effects.set(each.key!, (effects.get(each.key!) ?? 0) + 1);
          if (hands.get(place) === chunk) hands.delete(place);
        };
      await read(member(true));
      await first.promise;
      await read(member(false));
      joined.resolve();
      await until(() => effects.size === 60);
      expect(bothOwners).toBe(0);
    });

    it('moves offsets forward only, while the group grows and shrinks', async () => {
      await send(Array.from({ length: 500 }, (_, at) => record(broker.topic, `k${at}`, 1)));
      const transport = client(broker.consumer());
      const [group] = broker.groups;
      const slowly = () => new Promise<void>((resolve) => setImmediate(resolve));
      const members = [await read(slowly)];
      const left = new Map<number, number>();
      const look = async (): Promise<number> => {
        const lag = new Map((await transport.lag(group)).map(({ part, records }) => [part, records]));
        for (let part = 0; part < 12; part += 1) {
          const now = lag.get(part) ?? 0;
          expect(now).toBeLessThanOrEqual(left.get(part) ?? Infinity);
          left.set(part, now);
        }
        return [...left.values()].reduce((sum, records) => sum + records, 0);
      };
      await look();
      members.push(await read(slowly));
      await look();
      await members[0]!.close(5_000);
      await until(async () => (await look()) === 0);
    });

    it('fires fewer than 20 timers a second while nothing happens', async () => {
      const [sending, group, instance] = [broker.producer(), broker.consumer(), broker.consumer()].map(client);
      // What the clients stand on, such as pools of connections, has timers of its own.
      const before = await timersPerSecond(1);
      await send([record(broker.topic, 'a', 1)], sending);
      const seen: string[] = [];
      await read((chunk) => void seen.push(...chunk.records.map(() => 'group')), broker.groups[0], {
        transport: group!,
      });
      await instance!.subscribe({
        mode: 'instance',
        topics: [broker.topic],
        from: 'start',
        onReset: async () => undefined,
        onChunk: async ({ records }) => void seen.push(...records.map(() => 'instance')),
      });
      await until(() => seen.length === 2);
      // Polls slow down step by step while nothing comes; a client that spins never gets there.
      await expect.poll(async () => (await timersPerSecond(2)) - before, { timeout: 60_000 }).toBeLessThan(20);
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
