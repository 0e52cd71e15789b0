import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { decodeEvent, type EventType } from '@idp/contracts';
import { signIn } from '../workload/client.ts';
import { withAdmin } from './admin.ts';
import { readPrefix, type RawRecord } from './records.ts';
import type { ServiceProcess } from './service-process.ts';
import type { Stack } from './stack.ts';
import type { Tenant } from './tenants.ts';

/** Where the compiled access of all tenants travels. */
export const accessPlace = { topic: 'idp.auth.access.v1', service: 'auth' };
export const headType = 'idp.auth.v1.AccessHeadPublished' satisfies EventType;
export const shardType = 'idp.auth.v1.AccessShardPublished' satisfies EventType;

/** The head of a tenant as it is signed. */
export interface SignedHead {
  payload: string;
  kid: string;
  signature: string;
}

/** What its text says. */
export interface HeadPayload {
  tenantId: string;
  version: number;
  shards: Record<string, { version: number; sha256: string }>;
}

export async function findHead(stack: Stack, tenantId: string): Promise<SignedHead> {
  const text = 'select payload, kid, signature from auth.access_heads where tenant_id = $1';
  return withAdmin(stack, async (client) => (await client.query<SignedHead>(text, [tenantId])).rows[0]!);
}

/** Records of one type and tenant that lie on the topic, the newest last. */
export async function listAccessRecords(stack: Stack, type: EventType, tenantId: string): Promise<RawRecord[]> {
  const records = await readPrefix(stack, accessPlace.topic, 100_000);
  return records.filter(
    ({ headers, value }) =>
      value !== null && String(headers['ce_type']) === type && String(headers['ce_tenantid']) === tenantId,
  );
}

/** Versions of the heads of a tenant that lie on the topic. */
export async function listPublishedVersions(stack: Stack, tenantId: string): Promise<number[]> {
  const records = await listAccessRecords(stack, headType, tenantId);
  return records.map(({ value }) => (JSON.parse(decodeEvent(headType, value!).payload) as HeadPayload).version);
}

/** Makes a role of the tenant: the least that changes its access. */
export async function changeAccess(stack: Stack, tenant: Tenant): Promise<void> {
  const token = await signIn(stack.process('auth'), tenant);
  const { status, text } = await ask(stack.process('auth'), token, 'POST', '/api/v1/auth/roles', {
    name: `r-${randomUUID()}`,
    rules: [],
  });
  if (status !== 201) throw new Error(`a new role was answered ${status} ${text}`);
}

/** What one request is answered. A status of 0: nothing. */
export async function ask(
  { url }: Pick<ServiceProcess, 'url'>,
  token: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<{ status: number; text: string }> {
  const response = await fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(method === 'POST' && { 'idempotency-key': randomUUID() }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
    },
    signal: AbortSignal.timeout(10_000),
    ...(body !== undefined && { body: JSON.stringify(body) }),
  }).catch((error: Error) => error);
  if (response instanceof Error) return { status: 0, text: response.message };
  return { status: response.status, text: await response.text() };
}

/** Processes that keep a copy of the snapshot. */
export function replicasOf({ processes }: Stack): ServiceProcess[] {
  return processes.filter(({ name }) => name !== 'auth');
}

/** Sum of a metric of a process over all whose labels contain this text. */
export async function readMetric({ managementUrl }: ServiceProcess, name: string, label = ''): Promise<number> {
  const response = await fetch(`${managementUrl}/metrics`, { signal: AbortSignal.timeout(10_000) });
  const text = await response.text();
  if (!response.ok) throw new Error(`the metrics were answered ${response.status} ${text.slice(0, 200)}`);
  const lines = text.split('\n');
  const own = lines.filter((line) => line.startsWith(name) && ' {'.includes(line.charAt(name.length)));
  return own
    .filter((line) => line.includes(label))
    .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
}

/** Milliseconds until it holds; undefined when it never does. What throws does not hold yet. */
export async function timeUntil(
  holds: () => Promise<boolean>,
  { patienceMs = 90_000, everyMs = 50 }: { patienceMs?: number; everyMs?: number } = {},
): Promise<number | undefined> {
  const startedAt = performance.now();
  while (!(await holds().catch(() => false))) {
    if (performance.now() - startedAt > patienceMs) return undefined;
    await delay(everyMs);
  }
  return performance.now() - startedAt;
}
