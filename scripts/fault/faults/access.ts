import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { encodeEvent, newId, platformTenantId } from '@idp/contracts';
import {
  accessPlace,
  ask,
  changeAccess,
  findHead,
  headType,
  listAccessRecords,
  listPublishedVersions,
  readMetric,
  replicasOf,
  shardType,
  timeUntil,
  type HeadPayload,
} from '../stack/access.ts';
import { withAdmin } from '../stack/admin.ts';
import { append, emptyTopic, type RawRecord } from '../stack/records.ts';
import type { ServiceProcess } from '../stack/service-process.ts';
import type { Stack } from '../stack/stack.ts';
import type { Tenant } from '../stack/tenants.ts';
import { signIn } from '../workload/client.ts';
import { aroundFault, type Fault, type FaultContext } from './fault.ts';

/** How long the bus is away before auth is, too. */
const busAwayMs = 15_000;
/** From healing until decisions are made by the snapshot alone again. */
const normalMaxMs = 5_000;

const rounded = (ms: number | undefined): number | string => (ms === undefined ? 'never' : Math.round(ms));

/** What the catalog makes of a read, and of a change that finds nothing to change. */
async function tryCatalog(catalog: ServiceProcess, token: string) {
  const read = await ask(catalog, token, 'GET', '/api/v1/services?limit=1');
  const change = await ask(catalog, token, 'DELETE', `/api/catalog/entities/by-uid/${randomUUID()}`);
  return { read, change };
}

async function cutOff({ stack, note, claim, judgeTimes }: FaultContext): Promise<void> {
  const catalog = stack.process('catalog');
  const token = await signIn(stack.process('auth'), stack.tenants[0]!);
  const bus = (stack.kafka?.brokers ?? []).map(({ id }) => stack.link(`kafka-${id}`));
  const way = stack.link('auth');
  const isNormal = async () => (await readMetric(catalog, 'authz_mode')) === 1;
  claim((await timeUntil(isNormal)) !== undefined, 'nothing is heard of auth before the bus is cut');
  note('silentBeforeMs', Math.round((await readMetric(catalog, 'authz_snapshot_age_seconds')) * 1000));
  const cutAt = performance.now();
  try {
    await Promise.all(bus.map((link) => link.apply({ kind: 'cut' })));
    const degradedAfter = await timeUntil(async () => !(await isNormal()));
    note('degradedAfterMs', rounded(degradedAfter));
    claim(degradedAfter !== undefined, 'a process that hears nothing of auth does not notice');
    const degraded = await tryCatalog(catalog, token);
    claim(degraded.read.status === 200, `a read without the bus was answered ${degraded.read.status}`);
    claim(degraded.change.status !== 503, `a change without the bus was answered ${degraded.change.text}`);
    await delay(Math.max(0, busAwayMs - (performance.now() - cutAt)));
    await way.apply({ kind: 'cut' });
    const alone = await tryCatalog(catalog, token);
    claim(alone.read.status === 200, `a read without bus and auth was answered ${alone.read.status}`);
    const refused = alone.change.status === 503 && alone.change.text.includes('permissions are not up to date');
    claim(refused, `a change without bus and auth was answered ${alone.change.status} ${alone.change.text}`);
  } finally {
    await Promise.all([...bus, way].map((link) => link.heal()));
  }
  const normalAfter = await timeUntil(async () => {
    const modes = await Promise.all(replicasOf(stack).map((process) => readMetric(process, 'authz_mode')));
    return modes.every((mode) => mode === 1) && (await tryCatalog(catalog, token)).change.status !== 503;
  });
  note('normalAfterMs', rounded(normalAfter));
  claim(normalAfter !== undefined, 'decisions never became normal again');
  claim(
    !judgeTimes || (normalAfter ?? Infinity) <= normalMaxMs,
    `decisions were normal ${rounded(normalAfter)} ms after healing`,
  );
}

const reasons = ['signature', 'digest', 'version'] as const;

/** Records ignored by every copy of the snapshot, by process and reason. */
async function countIgnored(stack: Stack): Promise<number[]> {
  return Promise.all(
    replicasOf(stack).flatMap((process) =>
      reasons.map((reason) => readMetric(process, 'authz_records_ignored_total', `reason="${reason}"`)),
    ),
  );
}

/** A record like this one, with another content. */
function imitate(record: RawRecord, value: Uint8Array, planted: Set<string>): RawRecord {
  const id = newId();
  planted.add(id);
  return { ...record, headers: { ...record.headers, ce_id: id }, value: Buffer.from(value) };
}

/** A head nobody signed, a shard that says more than its head vouches for, and a genuine head of before. */
async function forge(stack: Stack, tenant: Tenant): Promise<RawRecord[]> {
  const { id: tenantId } = tenant;
  const before = await findHead(stack, tenantId);
  await changeAccess(stack, tenant);
  const now = await findHead(stack, tenantId);
  const payload = JSON.parse(now.payload) as HeadPayload;
  const isThere = async () => (await listPublishedVersions(stack, tenantId)).includes(payload.version);
  if ((await timeUntil(isThere)) === undefined) throw new Error('a change of access never came to the bus');
  const head = (await listAccessRecords(stack, headType, tenantId)).at(-1)!;
  const shards = await listAccessRecords(stack, shardType, tenantId);
  const shard = shards.find(({ key }) => String(key).endsWith(':tenant'))!;
  const newer = JSON.stringify({ ...payload, version: payload.version + 1_000_000_000 });
  const version = BigInt(payload.shards['tenant']!.version);
  const suspended = { name: 'tenant', version, text: JSON.stringify({ status: 'suspended' }) };
  return [
    imitate(head, encodeEvent(headType, { tenantId, ...now, payload: newer }), stack.planted),
    imitate(shard, encodeEvent(shardType, { tenantId, ...suspended }), stack.planted),
    imitate(head, encodeEvent(headType, { tenantId, ...before }), stack.planted),
  ];
}

async function deceive({ stack, claim }: FaultContext): Promise<void> {
  const tenant = stack.tenants[0]!;
  const ignored = await countIgnored(stack);
  await append(stack, accessPlace, await forge(stack, tenant));
  const noticed = await timeUntil(async () => (await countIgnored(stack)).every((count, at) => count > ignored[at]!));
  claim(noticed !== undefined, `false records were not ignored by all: ${ignored} became ${await countIgnored(stack)}`);
  await claimServed({ stack, claim }, 'after false records');
  // The false ones are what the topic holds last.
  const catalog = stack.process('catalog');
  await catalog.stop();
  await catalog.start();
  await claimServed({ stack, claim }, 'by a process that has read false records alone');
}

/** Each tenant's owner may read at the catalog. */
async function claimServed({ stack, claim }: Pick<FaultContext, 'stack' | 'claim'>, when: string): Promise<void> {
  for (const tenant of stack.tenants) {
    const token = await signIn(stack.process('auth'), tenant);
    let answer = { status: 0, text: 'nothing' };
    // A process that has just started may have no connection to its database yet, and says so.
    await timeUntil(async () => {
      answer = await ask(stack.process('catalog'), token, 'GET', '/api/v1/services?limit=1');
      return answer.status !== 503 && answer.status !== 0;
    });
    claim(answer.status === 200, `an owner was answered ${answer.status} ${answer.text} ${when}`);
  }
}

async function empty({ stack, note, claim }: FaultContext): Promise<void> {
  const auth = stack.process('auth');
  await auth.stop();
  await emptyTopic(stack, accessPlace.topic);
  const tenants = [platformTenantId, ...stack.tenants.map(({ id }) => id)];
  const isFilled = async () =>
    (await Promise.all(tenants.map((id) => listPublishedVersions(stack, id)))).every(({ length }) => length > 0);
  claim(!(await isFilled()), 'the bus was not empty: nothing was proved');
  note('startToReadyMs', await auth.start());
  const filledAfter = await timeUntil(isFilled);
  note('filledAfterMs', rounded(filledAfter));
  claim(filledAfter !== undefined, 'an emptied bus was not filled again');
  const catalog = stack.process('catalog');
  await catalog.stop();
  await catalog.start();
  await claimServed({ stack, claim }, 'after the bus was filled again');
  const stored = await withAdmin(stack, async (client) => {
    const text = 'select count(*)::integer as heads from auth.access_heads';
    return (await client.query<{ heads: number }>(text)).rows[0]!.heads;
  });
  note('heads', stored);
}

/** What the processes make of it when the access snapshot does not come, is forged, or is gone. */
export const accessFaults: Fault[] = [
  {
    name: 'access-cut',
    longFormOnly: true,
    transports: ['kafka'],
    description: 'the way to the bus is cut for 15 s, then the way to auth, too: auth decides, then reads alone go on',
    mayFail: 'all',
    lasts: (times) => aroundFault(times) + busAwayMs + 12_000,
    strike: cutOff,
  },
  {
    name: 'access-forged',
    longFormOnly: true,
    description: 'a head nobody signed, a shard of another content and a head of before come over the bus: all ignored',
    mayFail: ['catalog'],
    lasts: (times) => aroundFault(times) + 12_000,
    strike: deceive,
  },
  {
    name: 'access-emptied',
    longFormOnly: true,
    description: 'the topic of the access snapshot is empty when auth starts, and is filled again',
    mayFail: 'all',
    lasts: (times) => aroundFault(times) + 30_000,
    strike: empty,
  },
];
