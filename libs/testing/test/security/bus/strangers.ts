import { createHash } from 'node:crypto';
import { vi } from 'vitest';
import { bytes } from '../../../src/hostile/values/form.ts';
import type { EventInput } from '../../../src/hostile/items.ts';
import type { Sighting } from '../../../src/hostile/kinds/event.ts';
import type { Tenant } from '../people.ts';
import type { Platform } from '../platform.ts';
import { patient } from './apart.ts';
import { imitate, plantRecords, readRecords, type BusRecord, type NewRecord } from './records.ts';

/** A consumer group of the platform and a topic it reads. */
interface Reader {
  group: string;
  topic: string;
}

/**
 * A record that contradicts itself, or is none, between two good ones, wherever somebody reads: on the topic of the item, or, as long as nobody
 * reads that one, on each that has a reader.
 */
export async function plantStranger(
  platform: Platform,
  tenants: readonly Tenant[],
  input: EventInput,
): Promise<Sighting[]> {
  const all = await readersOf(platform);
  const named = all.filter(({ topic }) => topic === input.topic);
  const sightings: Sighting[] = [];
  for (const reader of named.length > 0 ? named : all) {
    const bad = await strangerOf(platform, tenants, input, reader.topic);
    if (bad !== undefined) sightings.push(await watch(platform, reader, bad));
  }
  return sightings;
}

/** Groups that have begun to read a topic, each of which handles records of tenants. */
async function readersOf(platform: Platform): Promise<Reader[]> {
  const { rows } = (await platform.sql(
    'select distinct "group", topic from bus.group_offsets order by topic, "group"',
    [],
  )) as { rows: Reader[] };
  return rows;
}

/** The record, made of genuine ones; undefined where there is none of the tenants. */
async function strangerOf(
  platform: Platform,
  [a, b]: readonly Tenant[],
  { tenant, change = {}, ceType, bytes: form }: EventInput,
  topic: string,
): Promise<{ bad: NewRecord; good: BusRecord } | undefined> {
  const own = tenant === 'B' ? b! : a!;
  const good = (await readRecords(platform, topic, own.id)).findLast(({ value }) => value !== null);
  if (good === undefined) return undefined;
  if (change['key'] !== undefined) return { good, bad: imitate(good, { key: good.key.replace(own.id, a!.id) }) };
  if (change['ce_tenantid'] !== undefined)
    return { good, bad: imitate(good, { headers: { ...good.headers, ce_tenantid: b!.id } }) };
  if (ceType !== undefined) return { good, bad: imitate(good, { headers: { ...good.headers, ce_type: ceType } }) };
  return { good, bad: { ...imitate(good), headers: {}, value: bytes(form, () => undefined) } };
}

async function watch(
  platform: Platform,
  { group, topic }: Reader,
  { bad, good }: { bad: NewRecord; good: BusRecord },
): Promise<Sighting> {
  const startedAt = performance.now();
  await plantRecords(platform, [bad, { ...bad, ...imitate(good), part: bad.part }]);
  const lies = (await readRecords(platform, topic)).filter(({ part }) => part === bad.part);
  const [planted, next] = lies.slice(-2) as [BusRecord, BusRecord];
  const position = async (): Promise<number> => {
    const { rows } = (await platform.sql(
      'select "offset" from bus.group_offsets where "group" = $1 and topic = $2 and part = $3',
      [group, topic, planted.part],
    )) as { rows: { offset: string }[] };
    return Number(rows[0]?.offset ?? 0);
  };
  await vi.waitUntil(async () => (await position()) > next.offset, patient);
  const partitionRecoversWithinMs = performance.now() - startedAt;
  return {
    place: `${group} on ${topic}`,
    facts: { partitionRecoversWithinMs, deadLetter: await letterOf(platform, planted) },
  };
}

/**
 * The code of the dead letter the record became with any service; `none` where a type that nobody lists was passed over, undefined where
 * something is lost that should have been kept.
 */
async function letterOf(
  platform: Platform,
  { topic, part, offset, value, headers }: BusRecord,
): Promise<string | undefined> {
  const digest = createHash('sha256')
    .update(value ?? '')
    .digest();
  for (const { name } of platform.fleet.services) {
    const schema = name.replaceAll('-', '_');
    const { rows } = (await platform.sql(
      `select error_code from ${schema}.dead_letters where topic = $1 and part = $2 and "offset" = $3
         and (payload_sha256 is null or payload_sha256 = $4)`,
      [topic, part, offset, digest],
    )) as { rows: { error_code: string }[] };
    if (rows[0] !== undefined) return rows[0].error_code;
  }
  return headers['ce_type'] === undefined ? undefined : 'none';
}
