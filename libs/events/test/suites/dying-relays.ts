import { sql } from 'kysely';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createWakeSignal, type StoredRecord } from '../../src/index.ts';
import { openService, producer, type ServiceHandle } from '../bench-database.ts';
import { openRelay } from '../open-relay.ts';
import { change, newTenant, until, type Probe } from '../probe.ts';
import { countRows, entityTopic } from '../records.ts';

const writers = 8;
const rounds = 25;

/** Relays that die between acknowledgement and commit send twice and lose nothing (events §2.6, §8 item 3). */
export function dyingRelays(carrier: string, openProbe: () => Promise<Probe>): void {
  describe(`relays that die, on ${carrier}`, { timeout: 240_000 }, () => {
    let probe: Probe;
    beforeAll(async () => {
      probe = await openProbe();
    });
    beforeEach(() => probe.reset());
    afterAll(() => probe[Symbol.asyncDispose]());

    /** All that lies in the topic, partition by partition. */
    async function readAll(): Promise<StoredRecord[]> {
      const transport = probe.carrier.open(probe.reader, createWakeSignal());
      const found: StoredRecord[] = [];
      await transport.subscribe({
        mode: 'group',
        group: 'idp.reader.probe',
        topics: [entityTopic],
        from: 'start',
        onChunk: async ({ records }) => void found.push(...records),
      });
      const count = await probe.carrier.countRecords();
      await until(() => found.length >= count, 'the end of the topic', 60_000);
      await transport.close();
      return found;
    }

    it('8 writers, 5 % rollbacks, 4 relays that die after every tenth acknowledgement: nothing lost, first occurrences in order', async () => {
      let acknowledged = 0;
      const failpoints = (name: string): void => {
        if (name !== 'relay.afterAck') return;
        acknowledged += 1;
        if (acknowledged % 10 === 1) throw new Error('dies');
      };
      const services = Array.from({ length: 4 }, () => openService(producer, probe.address));
      const transports = services.map((service) => probe.carrier.open(service, createWakeSignal()));
      const relays = services.map((service, at) => openRelay({ service, transport: transports[at]!, failpoints }));
      const kicking = setInterval(() => relays.forEach((relay) => relay.kick()), 5);
      const expected = await writeConcurrently(probe.producer, newTenant());
      await until(async () => (await countRows(probe.address, `${producer}.outbox`)) === 0, 'an empty outbox', 60_000);
      clearInterval(kicking);
      await Promise.all(relays.map((relay) => relay.stop(5_000)));
      await Promise.all(transports.map((transport) => transport.close()));
      await Promise.all(services.map(({ database }) => database[Symbol.asyncDispose]()));

      const lying = await readAll();
      const seen = firstOccurrences(lying);
      expect(new Map([...seen].map(([key, versions]) => [key, versions.length]))).toEqual(expected);
      for (const versions of seen.values()) expect(versions).toEqual(versions.toSorted((a, b) => a - b));
      expect(lying.length).toBeGreaterThan([...expected.values()].reduce((sum, count) => sum + count, 0));
    });
  });
}

/** Versions of each key in the order of their first occurrence. */
function firstOccurrences(records: readonly StoredRecord[]): Map<string, number[]> {
  const seen = new Map<string, number[]>();
  for (const record of records) {
    const versions = seen.get(record.key!) ?? [];
    seen.set(record.key!, versions);
    const version = Number(record.headers['ce_sequence']);
    if (!versions.includes(version)) versions.push(version);
  }
  return seen;
}

/** Writers with random delays inside their transactions, some of which are rolled back. Resolves with the last version per key. */
async function writeConcurrently(service: ServiceHandle, tenant: string): Promise<Map<string, number>> {
  const expected = new Map<string, number>();
  const write = async (writer: number): Promise<void> => {
    for (let round = 0; round < rounds; round += 1) {
      const ids = [`shared-${(writer + round) % 4}`, `own-${writer}`];
      const versions = new Map<string, number>();
      const work = service.database.tenant(tenant).write(
        async (tx) => {
          for (const id of ids) versions.set(`${tenant}:${id}`, await change(tx, id));
          await sql`select pg_sleep(${Math.random() * 0.01})`.execute(tx.db);
          if (Math.random() < 0.05) throw new Error('rolled back');
        },
        { unaudited: 'test' },
      );
      const committed = await work.then(
        () => true,
        () => false,
      );
      if (!committed) continue;
      for (const [key, version] of versions) expected.set(key, Math.max(expected.get(key) ?? 0, version));
    }
  };
  await Promise.all(Array.from({ length: writers }, (_, writer) => write(writer)));
  return expected;
}
