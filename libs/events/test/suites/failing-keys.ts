import { ValidationError } from '@idp/errors';
import { platformTenantId } from '@idp/contracts';
import { createHash } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { defaultTiming, defineConsumer, partitionOf, type ConsumedEvent } from '../../src/index.ts';
import { huge, undecodable, untrusted } from '../bad-records.ts';
import type { ProbeTables } from '../bench-database.ts';
import { changeOne, listEffects, newTenant, recordEffect, run, until, versionsOf, type Probe } from '../probe.ts';
import { countRows, entityRecord, inject, listDeadLetters } from '../records.ts';

const name = 'reader.probe';
const acting = { actor: 'user:operator', signal: new AbortController().signal };
/** Ten minutes pass in one second. */
const faster = 600;

/** One event that cannot be applied holds up its own key and nothing else (events §8 items 7, 8 and 9). */
export function failingKeys(carrier: string, openProbe: () => Promise<Probe>): void {
  describe(`events that fail, on ${carrier}`, { timeout: 240_000 }, () => {
    let probe: Probe;
    beforeAll(async () => {
      probe = await openProbe();
    });
    beforeEach(() => probe.reset());
    afterAll(() => probe[Symbol.asyncDispose]());

    const consumer = (before: (event: ConsumedEvent) => void) =>
      defineConsumer<'idp.catalog.v1.EntityUpdated', ProbeTables>({
        name,
        types: ['idp.catalog.v1.EntityUpdated'],
        ordering: 'key',
        async handle(tx, event) {
          before(event);
          await recordEffect(tx, name, event);
        },
      });

    it('a key that fails for ten minutes leaves others of its partition alone, and is applied in order afterwards', async () => {
      let broken = true;
      const failing = consumer(({ aggregateId }) => {
        // As while a service that is called answers 503.
        if (broken && aggregateId === 'bad') throw Object.assign(new Error('busy'), { code: '55P03' });
      });
      // The product's own pauses, each a 600th: tried in place for 30 s, then after 30 s, 1, 5 and 15 min.
      const timing = {
        eventMs: defaultTiming.eventMs / faster,
        parkedMs: defaultTiming.parkedMs.map((ms) => ms / faster),
      };
      await using running = await run(probe, { consumers: [failing], timing });
      const tenant = newTenant();
      const good = neighbourOf(tenant, `${tenant}:bad`, 'good');
      const versions = [1, 2, 3, 4, 5, 6, 7, 8];
      for (const _ of versions) {
        await changeOne(probe, tenant, 'bad');
        await changeOne(probe, tenant, good);
      }
      const applied = async (key: string) => versionsOf(await listEffects(probe, tenant, name), key);
      await until(async () => (await applied(good)).length === versions.length, 'the other key');
      // The third try of the parked event is the last one within ten minutes: 30 s + 30 s + 1 min + 5 min.
      const tried = `sequence = 1 and attempts >= 3`;
      await until(async () => (await countRows(probe.address, 'reader.parked_events', tried)) === 1, 'three tries');
      await changeOne(probe, tenant, good);
      await until(async () => (await applied(good)).length === versions.length + 1, 'the other key, still');
      expect(await applied('bad')).toEqual([]);
      broken = false;
      await until(async () => (await countRows(probe.address, 'reader.parked_events')) === 0, 'nothing parked');
      await running.drain();
      expect(await applied('bad')).toEqual(versions);
      expect(await countRows(probe.address, 'reader.dead_letters')).toBe(0);
    });

    it('every kind of bad record becomes one dead letter, and its partition moves on', async () => {
      await using running = await run(probe, { consumers: [consumer(() => undefined)] });
      const tenantId = newTenant();
      const bad = [
        ...untrusted.map(([, code, input]) => ({ code, tenant: platformTenantId, input })),
        ...[...undecodable.map(([, value]) => value), huge].map((value) => ({
          code: 'DECODE_FAILED',
          tenant: tenantId,
          input: { value },
        })),
      ];
      const good: string[] = [];
      for (const [at, { input }] of bad.entries()) {
        const record = entityRecord({ tenantId, aggregateId: `bad-${at}`, version: 1, ...input });
        const neighbour = neighbourOf(tenantId, record.key, `good-${at}`);
        good.push(neighbour);
        const before = entityRecord({ tenantId, aggregateId: neighbour, version: 1 });
        await inject(probe, [before, record, entityRecord({ tenantId, aggregateId: neighbour, version: 2 })]);
      }
      await running.drain();
      const effects = await listEffects(probe, tenantId, name);
      for (const key of good) expect(versionsOf(effects, key), key).toEqual([1, 2]);
      expect(effects).toHaveLength(2 * good.length);
      const letters = await listDeadLetters(probe.address);
      const found = letters.map(({ tenant_id: tenant, error_code: code }) => ({ tenant, code }));
      expect(sorted(found)).toEqual(sorted(bad.map(({ tenant, code }) => ({ tenant, code }))));
      const digest = createHash('sha256').update(huge).digest();
      expect(letters.find(({ payload_bytes: bytes }) => bytes === huge.length)).toMatchObject({
        payload_sha256: digest,
      });
    });

    it('a dead letter that is redriven is applied by its own consumer alone, in order, and nothing is sent again', async () => {
      let broken = true;
      const failing = consumer(({ aggregateId, version }) => {
        if (broken && aggregateId === 'bad' && version === 2) throw new ValidationError('no such thing');
      });
      await using running = await run(probe, { consumers: [failing] });
      const tenant = newTenant();
      for (let version = 1; version <= 4; version += 1) await changeOne(probe, tenant, 'bad');
      await running.drain();
      expect(versionsOf(await listEffects(probe, tenant, name), 'bad')).toEqual([1]);
      const [letter] = await listDeadLetters(probe.address);
      const sent = await countRows(probe.address, 'reader.inbox');
      const { deadLetters } = running.consuming;
      expect(await deadLetters.redriveOne(tenant, letter!.id, acting)).toMatchObject({ outcome: 'failed' });
      broken = false;
      expect(await deadLetters.redriveOne(tenant, letter!.id, acting)).toEqual({ outcome: 'applied' });
      await until(async () => (await countRows(probe.address, 'reader.parked_events')) === 0, 'nothing parked');
      await running.drain();
      expect(versionsOf(await listEffects(probe, tenant, name), 'bad')).toEqual([1, 2, 3, 4]);
      expect(await countRows(probe.address, 'reader.inbox')).toBe(sent);
      await expect(deadLetters.redriveOne(tenant, letter!.id, acting)).rejects.toMatchObject({ code: 'INVALID_STATE' });
    });
  });
}

/** An aggregate of the tenant whose events lie in the same partition as those of a key. */
function neighbourOf(tenant: string, key: string, prefix: string): string {
  const part = partitionOf(key, 12);
  for (let n = 0; ; n += 1) if (partitionOf(`${tenant}:${prefix}-${n}`, 12) === part) return `${prefix}-${n}`;
}

const sorted = (rows: readonly object[]): string[] => rows.map((row) => JSON.stringify(row)).toSorted();
