import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { canonicalJson, digestOf, headKey, principalShard, readShardMessage, shardMessage, signText } from '@idp/auth';
import { decodeEvent, encodeEvent } from '@idp/contracts';
import { vi } from 'vitest';
import { send } from '../../../src/hostile/wire/client.ts';
import type { EventInput } from '../../../src/hostile/items.ts';
import type { Sighting } from '../../../src/hostile/kinds/event.ts';
import { patient } from './apart.ts';
import { imitate, loseRecords, plantRecords, readRecords, type BusRecord, type NewRecord } from './records.ts';
import { accessTopic, createSubject, headType, shardType, type Scene, type Subject } from './rights.ts';

interface Head {
  tenantId: string;
  version: number;
  shards: Record<string, { version: number; sha256: string }>;
}

type Seen = Sighting['facts'];

/** Records of the access topic that are not as auth would have them; the process apart is asked what came of it. */
export async function deceiveSnapshot(scene: Scene, { make, change = {} }: EventInput): Promise<Seen> {
  if (make === 'two-writes') return reorder(scene);
  if (make === 'one-write') return repeat(scene, Number(change['times']));
  if (change['version'] !== undefined) return rollBack(scene);
  if (change['shards'] !== undefined) return loseShard(scene);
  return forge(scene, change['signature'] === 'zeros' ? undefined : generateKeyPairSync('ed25519').privateKey);
}

/** The head of A that auth holds, as it lies on the bus; whatever was planted there is another. */
async function newestHead({ platform, tenants }: Scene): Promise<BusRecord | undefined> {
  const tenantId = tenants[0]!.id;
  const { rows } = (await platform.sql('select signature from auth.access_heads where tenant_id = $1', [tenantId])) as {
    rows: { signature: string }[];
  };
  const records = await readRecords(platform, accessTopic, tenantId);
  const heads = records.filter((record) => isHead(record) && record.value !== null);
  return heads.findLast(({ value }) => decodeEvent(headType, value!).signature === rows[0]!.signature);
}

function isHead({ headers }: BusRecord): boolean {
  return headers['ce_type'] === headType;
}

/** Until every fact is as it will stay: the record was counted. */
async function ignoredAs({ apart }: Scene, reason: string, plant: () => Promise<unknown>): Promise<boolean> {
  const count = () => apart.metric('authz_records_ignored_total', `reason="${reason}"`);
  const before = await count();
  await plant();
  return vi.waitUntil(async () => (await count()) > before, patient).catch(() => false);
}

/** A head nobody of auth has signed, naming a shard by which a member owns the tenant. */
async function forge(scene: Scene, key: KeyObject | undefined): Promise<Seen> {
  const { platform, principals, tenants, apart } = scene;
  const tenantId = tenants[0]!.id;
  const head = (await newestHead(scene))!;
  const genuine = decodeEvent(headType, head.value!);
  const payload = JSON.parse(genuine.payload) as Head;
  const member = principals.names('memberA.id')!;
  const name = principalShard(member);
  const version = payload.version + 1_000_000_000;
  const text = canonicalJson(await asOwner(scene, name, member));
  const false_ = { ...payload, version, shards: { ...payload.shards, [name]: { version, sha256: digestOf(text) } } };
  const signed =
    key === undefined
      ? { payload: canonicalJson(false_), kid: genuine.kid, signature: Buffer.alloc(64).toString('base64url') }
      : signText(canonicalJson(false_), { kid: genuine.kid, privateKey: key });
  const shard: NewRecord = {
    ...imitate(head, { headers: { ...head.headers, ce_type: shardType } }),
    key: head.key.replace(headKey, name),
    value: Buffer.from(encodeEvent(shardType, { tenantId, ...shardMessage({ name, version, text }) })),
  };
  const planted = imitate(head, { value: Buffer.from(encodeEvent(headType, { tenantId, ...signed })) });
  const counted = await ignoredAs(scene, 'signature', () => plantRecords(platform, [shard, planted]));
  // Only those who look after the catalog may see what waits to be published there.
  const headers = await principals.credentials('memberA');
  const target = '/api/v1/catalog/ops/dead-letters';
  const { status } = await send(apart.baseUrl, { method: 'GET', target, headers });
  const told = platform.logs().includes('a record of the access snapshot was ignored');
  return { ignored: counted && status === 403, alert: counted && told ? 'access_snapshot_rejected' : undefined };
}

/** The shard of a member as it would be if they owned the tenant. */
async function asOwner({ platform, tenants }: Scene, name: string, member: string): Promise<unknown> {
  const records = await readRecords(platform, accessTopic, tenants[0]!.id);
  const shards = records
    .filter(({ headers, value }) => headers['ce_type'] === shardType && value !== null)
    .map(({ value }) => readShardMessage(decodeEvent(shardType, value!))!);
  const body = JSON.parse(shards.filter((shard) => shard.name === name).at(-1)!.text) as {
    users: Record<string, { bindings: { roleId: string }[] }>;
  };
  for (const binding of body.users[member]!.bindings) binding.roleId = 'tenant-owner';
  return body;
}

/** A genuine head comes again after a newer one. */
async function rollBack(scene: Scene): Promise<Seen> {
  const subject = createSubject(scene, 'plainA');
  const before = (await newestHead(scene))!;
  await subject.give('r');
  await vi.waitUntil(async () => (await subject.rights()) === 'r-', patient);
  const counted = await ignoredAs(scene, 'version', () => plantRecords(scene.platform, [imitate(before)]));
  const kept = (await subject.rights()) === 'r-';
  await subject.takeAll();
  return { ignored: counted && kept };
}

/** From now on the process apart hears nothing; the keys of tokens, which it could not fetch any more, it knows. */
async function cutOff({ apart }: Scene, subject: Subject): Promise<void> {
  await subject.rights();
  await Promise.all([apart.links.bus.apply({ kind: 'cut' }), apart.links.auth.apply({ kind: 'cut' })]);
}

/** A head whose shard never comes: nothing of it counts, until auth is asked for the whole. */
async function loseShard(scene: Scene): Promise<Seen> {
  const { platform, apart } = scene;
  const subject = createSubject(scene, 'plainA');
  await cutOff(scene, subject);
  const written = await subject.give('r');
  await loseRecords(
    platform,
    written.filter((record) => !isHead(record)),
  );
  await apart.links.bus.heal();
  await apart.heard();
  const read = await readAll(scene, written.filter(isHead));
  const activated = !read || (await subject.rights()) !== '--';
  await apart.links.auth.heal();
  const startedAt = performance.now();
  await vi.waitUntil(async () => (await subject.rights()) === 'r-', patient);
  const repairedWithinMs = performance.now() - startedAt;
  await subject.takeAll();
  return { activated, repairedWithinMs };
}

/** The records of two writes, newest and heads first, one after the other: what is seen in between was true at some time. */
async function reorder(scene: Scene): Promise<Seen> {
  const { platform, apart } = scene;
  const subject = createSubject(scene, 'plainA');
  await cutOff(scene, subject);
  const first = await subject.give('r');
  const second = await subject.change('v');
  await loseRecords(platform, [...first, ...second]);
  await apart.links.bus.heal();
  await apart.heard();
  const headFirst = (records: readonly BusRecord[]) =>
    records.toSorted((left, right) => Number(isHead(right)) - Number(isHead(left)));
  const seen: string[] = [];
  for (const record of [...headFirst(second), ...headFirst(first)]) {
    await plantRecords(platform, [imitate(record)]);
    await readAll(scene, second.filter(isHead));
    seen.push(await subject.rights());
  }
  const final = await vi.waitUntil(async () => (await subject.rights()) === '-v', patient).catch(() => false);
  await apart.links.auth.heal();
  await subject.takeAll();
  // Nobody was ever allowed both, and nobody loses what a newer write gave.
  const order = ['--', 'r-', '-v'];
  const inOrder = seen.every(
    (each, nth) => order.includes(each) && order.indexOf(each) >= order.indexOf(seen[nth - 1] ?? '--'),
  );
  return { final: final ? 'newest' : 'other', mixedStateSeen: !inOrder };
}

/** Each record of a write comes several times. */
async function repeat(scene: Scene, times: number): Promise<Seen> {
  const { platform, apart } = scene;
  const subject = createSubject(scene, 'plainA');
  await apart.links.bus.apply({ kind: 'cut' });
  const written = await subject.give('r');
  await loseRecords(platform, written);
  await plantRecords(platform, Array.from({ length: times }, () => written.map((record) => imitate(record))).flat());
  await apart.links.bus.heal();
  const final = await vi.waitUntil(async () => (await subject.rights()) === 'r-', patient).catch(() => false);
  await subject.takeAll();
  return { final: final ? 'newest' : 'other' };
}

/** Resolves when the process apart has read what lies on the topic: a head that auth has not signed, put there last, has been counted. */
async function readAll(scene: Scene, [any]: readonly BusRecord[]): Promise<boolean> {
  const { platform, tenants } = scene;
  const tenantId = tenants[0]!.id;
  // By a key that is known: nobody has to be asked for it.
  const { rows } = (await platform.sql('select kid from auth.access_heads where tenant_id = $1', [tenantId])) as {
    rows: { kid: string }[];
  };
  const unsigned = { tenantId, payload: 'none', kid: rows[0]!.kid, signature: '' };
  const marker = {
    ...imitate(any!, { headers: { ...any!.headers, ce_type: headType } }),
    key: `${tenantId}:${headKey}`,
    value: Buffer.from(encodeEvent(headType, unsigned)),
  };
  return ignoredAs(scene, 'signature', () => plantRecords(platform, [marker]));
}
