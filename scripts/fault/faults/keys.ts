import { setTimeout as delay } from 'node:timers/promises';
import { ask, changeAccess, findHead, readMetric, replicasOf, timeUntil } from '../stack/access.ts';
import { withAdmin } from '../stack/admin.ts';
import type { Stack } from '../stack/stack.ts';
import { signIn } from '../workload/client.ts';
import { aroundFault, type Fault, type FaultContext } from './fault.ts';

type KeyTable = 'signing_keys' | 'verification_keys';

/** Whoever verifies tokens reads the keys again for an unknown one, once in 10 s. */
const refetchMs = 11_000;

async function runSchedule(stack: Stack): Promise<void> {
  const token = await signIn(stack.process('auth'), stack.operator);
  const path = '/api/v1/auth/ops/schedules/rotate-signing-keys/run';
  const { status, text } = await ask(stack.process('auth'), token, 'POST', path);
  if (status !== 202) throw new Error(`the schedule was answered ${status} ${text}`);
}

/** Keys of a table in a state; of all uses. */
async function countKeys(stack: Stack, table: KeyTable, state: string): Promise<number> {
  const text = `select count(*)::integer as keys from auth.${table} where state = $1`;
  return withAdmin(stack, async (client) => (await client.query<{ keys: number }>(text, [state])).rows[0]!.keys);
}

/** A rotation in seconds: 30 days and one day are taken off the keys' stamps, and the job runs after each. */
async function rotate(stack: Stack, table: KeyTable, { waitMs = 0 } = {}): Promise<void> {
  const before = await countKeys(stack, table, 'active');
  const rest = table === 'signing_keys' ? 'retiring' : 'retired';
  const rested = await countKeys(stack, table, rest);
  const age = (state: string, days: number) =>
    withAdmin(stack, (client) =>
      client.query(
        `update auth.${table} set created_at = created_at - make_interval(days => $2),
           activated_at = activated_at - make_interval(days => $2) where state = $1`,
        [state, days],
      ),
    );
  const until = async (what: string, holds: () => Promise<boolean>) => {
    await runSchedule(stack);
    if ((await timeUntil(holds)) === undefined) throw new Error(`never came: ${what}`);
  };
  await age('active', 31);
  await until('a key that waits', async () => (await countKeys(stack, table, 'next')) === before);
  await delay(waitMs);
  await age('next', 1);
  await until('a key that has retired', async () => (await countKeys(stack, table, rest)) === rested + before);
}

async function rotateTokenKey({ stack, answers, note, claim }: FaultContext): Promise<void> {
  const from = performance.now();
  await rotate(stack, 'signing_keys', { waitMs: refetchMs });
  for (const tenant of stack.tenants) {
    const token = await signIn(stack.process('auth'), tenant);
    for (const process of replicasOf(stack)) {
      const path = process.name === 'catalog' ? '/api/v1/services?limit=1' : '/api/v1/ledger/accounts';
      const { status } = await ask(process, token, 'GET', path);
      claim(status === 200, `${process.name} answered ${status} to a token of the new key`);
    }
  }
  const during = answers().filter(({ at }) => at > from);
  const refused = during.filter(({ status }) => status === 401);
  note('answered', during.length);
  claim(refused.length === 0, `${refused.length} of ${during.length} requests were refused while the key was replaced`);
}

async function rotateSnapshotKeys({ stack, claim }: FaultContext): Promise<void> {
  const [busy, quiet] = [stack.tenants[0]!, stack.tenants[1]!];
  const ignored = () => Promise.all(replicasOf(stack).map(countForeign));
  const before = await ignored();
  const old = await findHead(stack, quiet.id);
  await rotate(stack, 'verification_keys');
  await changeAccess(stack, busy);
  claim((await findHead(stack, busy.id)).kid !== old.kid, 'a change is still signed by the key that was replaced');
  claim((await findHead(stack, quiet.id)).kid === old.kid, 'the quiet tenant was not quiet: nothing was proved');
  const catalog = stack.process('catalog');
  await catalog.stop();
  await catalog.start();
  for (const tenant of [busy, quiet]) {
    const token = await signIn(stack.process('auth'), tenant);
    const { status, text } = await ask(catalog, token, 'GET', '/api/v1/services?limit=1');
    claim(status === 200, `an owner was answered ${status} ${text} by a process started after the rotation`);
  }
  const after = await ignored();
  const grown = after.filter((count, at) => count > before[at]!);
  claim(grown.length === 0, `records of the old or the new key were taken for forged: ${before} became ${after}`);
}

const countForeign = (process: Parameters<typeof readMetric>[0]): Promise<number> =>
  readMetric(process, 'authz_records_ignored_total', 'reason="signature"');

/** Keys that are replaced while everything works. */
export const keyFaults: Fault[] = [
  {
    name: 'keys-tokens',
    longFormOnly: true,
    description: 'the key that signs access tokens is replaced: no request fails',
    mayFail: [],
    lasts: (times) => aroundFault(times) + refetchMs + 8_000,
    strike: rotateTokenKey,
  },
  {
    name: 'keys-snapshot',
    longFormOnly: true,
    description:
      'the keys of access snapshot and audit log are replaced; a tenant that stays quiet is known after a restart',
    mayFail: ['catalog'],
    lasts: (times) => aroundFault(times) + 16_000,
    strike: rotateSnapshotKeys,
  },
];
