import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { defineConsumer, publish } from '../../src/index.ts';
import type { ProbeTables } from '../bench-database.ts';
import { changeOne, listEffects, newTenant, recordEffect, run, until, versionsOf, type Probe } from '../probe.ts';
import { countRows, entityTopic } from '../records.ts';

const name = 'reader.probe';

/** A topic that is not there holds its own events and no others, says so, and loses none (events §8 item 19). */
export function missingTopic(
  carrier: string,
  openProbe: () => Promise<Probe>,
  /** Readers join at their start alone: on the bus only hands take a topic away, and the progress of its readers with it. */
  { readersJoinOnce = false } = {},
): void {
  describe(`a topic that is taken away, on ${carrier}`, { timeout: 240_000 }, () => {
    let probe: Probe;
    beforeAll(async () => {
      probe = await openProbe();
    });
    beforeEach(() => probe.reset());
    afterAll(() => probe[Symbol.asyncDispose]());

    const consumer = defineConsumer<'idp.catalog.v1.EntityUpdated', ProbeTables>({
      name,
      types: ['idp.catalog.v1.EntityUpdated'],
      ordering: 'key',
      handle: (tx, event) => recordEffect(tx, name, event),
    });

    async function gauge(metric: string): Promise<number> {
      const text = await probe.producer.metrics.registry.metrics();
      const line = text.split('\n').find((each) => each.startsWith(metric) && !each.startsWith('#'));
      return Number(line?.split(' ').at(-1));
    }

    it('holds its events, which metrics tell, while other topics flow, and delivers all of them in order when it appears', async () => {
      const tenant = newTenant();
      await using stack = new AsyncDisposableStack();
      const start = async () => stack.use(await run(probe, { consumers: [consumer] }));
      const running = await start();
      await changeOne(probe, tenant, 'a');
      await running.drain();
      await probe.carrier.removeTopic(entityTopic);
      for (let version = 2; version <= 5; version += 1) await changeOne(probe, tenant, 'a');
      const held = async () => (await running.producing.outbox()).held.map(({ topic }) => topic);
      await until(async () => (await held()).includes(entityTopic), 'the topic is on hold', 60_000);
      // By now the others are published in spite of it.
      await probe.producer.database.tenant(tenant).write(
        async (tx) => {
          const data = { locationId: 'l' };
          publish(tx, { type: 'idp.catalog.v1.LocationRemoved', aggregateId: 'l', version: 1, data });
        },
        { unaudited: 'test' },
      );
      const pending = () => countRows(probe.address, 'catalog.outbox');
      await until(async () => (await pending()) === 4, 'the other topic has flowed', 60_000);
      await expect.poll(() => gauge('outbox_held_topics'), { timeout: 60_000 }).toBe(1);
      expect(await gauge('outbox_pending')).toBe(4);
      expect(await gauge('outbox_oldest_age_seconds')).toBeGreaterThan(0);
      await probe.carrier.makeTopic(entityTopic);
      await until(async () => (await pending()) === 0, 'nothing is held any more', 60_000);
      const reading = readersJoinOnce ? await start() : running;
      const applied = async () => versionsOf(await listEffects(probe, tenant, name), 'a');
      await until(async () => (await applied()).length === 5, 'the consumer has come back', 60_000);
      await reading.drain();
      expect(await applied()).toEqual([1, 2, 3, 4, 5]);
      expect(await countRows(probe.address, 'catalog.outbox_refused')).toBe(0);
    });
  });
}
