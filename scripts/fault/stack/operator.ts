import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { callUntilClear, signIn } from '../workload/client.ts';
import type { History } from '../workload/history.ts';
import { withAdmin } from './admin.ts';
import type { Stack } from './stack.ts';
import type { Tenant } from './tenants.ts';

/** A dead letter of the ledger, as an administrator sees it. */
export interface Letter {
  id: string;
  tenant_id: string;
  consumer: string;
  event_id: string;
  error_code: string;
  status: string;
}

const patienceMs = 120_000;

export async function listLetters(stack: Stack): Promise<Letter[]> {
  return withAdmin(stack, async (client) => {
    const columns = 'id, tenant_id, consumer, event_id, error_code, status';
    return (await client.query<Letter>(`select ${columns} from ledger.dead_letters order by id`)).rows;
  });
}

/** Resolves when `find` answers something about the letters. Throws when it never does. */
export async function untilLetters<T>(
  stack: Stack,
  what: string,
  find: (letters: Letter[]) => T | undefined,
): Promise<T> {
  const deadline = performance.now() + patienceMs;
  for (;;) {
    const found = find(await listLetters(stack));
    if (found !== undefined) return found;
    if (performance.now() > deadline) throw new Error(`never came: ${what}`);
    await delay(200);
  }
}

/** One try to run a letter again at this process: its status and text, or undefined without an answer. */
export async function redriveOnce(
  stack: Stack,
  letter: Letter,
  process: string,
): Promise<{ status: number; body: string } | undefined> {
  const owner = stack.tenants.find(({ id }) => id === letter.tenant_id);
  if (owner === undefined) throw new Error(`letter ${letter.id} belongs to no tenant of the load`);
  const token = await signIn(stack.process('auth'), owner);
  const url = `${stack.process(process).url}/api/v1/ledger/ops/dead-letters/${letter.id}/redrive`;
  const headers = { authorization: `Bearer ${token}`, 'idempotency-key': randomUUID() };
  try {
    const response = await fetch(url, { method: 'POST', headers, signal: AbortSignal.timeout(30_000) });
    return { status: response.status, body: await response.text() };
  } catch {
    return undefined;
  }
}

/** Accounts of a tenant, those that hold most first. */
async function richest(stack: Stack, { id }: Tenant): Promise<string[]> {
  const { rows } = await withAdmin(stack, (client) =>
    client.query<{ id: string }>(
      'select id from ledger.accounts where tenant_id = $1 order by opening - debited + credited desc',
      [id],
    ),
  );
  return rows.map((row) => row.id);
}

/** A transfer of the first tenant with this amount, noted like one of the load, which may have emptied the first accounts asked. */
export async function transferOf(stack: Stack, history: History, amount: number): Promise<void> {
  const tenant = stack.tenants[0]!;
  const token = await signIn(stack.process('auth'), tenant);
  const accounts = await richest(stack, tenant);
  for (const [index, from] of accounts.entries()) {
    const operation = randomUUID();
    const body = { operation, from, to: accounts.at(index - 1)!, amount };
    const call = { method: 'POST', path: '/api/v1/ledger/transfers', body, idempotencyKey: operation };
    const targets = stack.processes.filter(({ name }) => name.startsWith('ledger'));
    const { startedAt, body: _, ...result } = await callUntilClear(targets, token, call, { patienceMs, first: 0 });
    const { id } = tenant;
    history.add({ operation, op: 'transfer', tenant: id, start: startedAt, end: Date.now(), ...result, detail: body });
    if (result.outcome === 'ok') return;
    if (result.outcome === 'unknown') break;
  }
  throw new Error(`no transfer of ${amount} was confirmed`);
}
