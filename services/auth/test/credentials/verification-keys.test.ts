import { readHead, type SignedText } from '@idp/auth';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { accessChanged } from '../../src/access/changed.ts';
import { followVerificationKeys } from '../../src/background/follow-verification-keys.ts';
import { rotateSigningKeyJobs } from '../../src/jobs/rotate-signing-keys.ts';
import { sealAuditLog } from '../../src/operations/audit/seal-audit-log.ts';
import { verifyChain } from '../../src/operations/audit/verify-chain.ts';
import { audits } from '../support/auth-database.ts';
import { makeTenant, type TestTenant } from '../support/people.ts';
import { startAuth, type RunningAuth } from '../support/running-auth.ts';
import { arrive } from '../audit/support.ts';

vi.setConfig({ testTimeout: 120_000 });

/** On a busy machine everything may take its time. */
const patient = { timeout: 90_000 };
const day = 86_400_000;
const uses = ['access', 'audit'] as const;
type Use = (typeof uses)[number];

let auth: RunningAuth;
/** Another process of auth on the same database. */
let other: RunningAuth;
let a: TestTenant;
/** How far both clocks are ahead. */
let ahead = 0;

beforeAll(async () => {
  auth = await startAuth();
  other = await startAuth({ database: auth.database });
  // Keys are made at the first signature.
  await auth.ctx.auditKeys.signer();
  await auth.sql.query('update auth.verification_keys set created_at = $1, activated_at = $1', [auth.clock()]);
  a = await makeTenant(auth, 'acme');
}, 120_000);
afterAll(async () => {
  await other?.[Symbol.asyncDispose]();
  await auth?.[Symbol.asyncDispose]();
});

/** The hourly job of these processes, this much later. */
async function later(ms: number, ...running: RunningAuth[]): Promise<void> {
  ahead += ms;
  const now = auth.clock().getTime();
  auth.setClock(ahead);
  other.setClock(ahead);
  expect(auth.clock().getTime()).toBeGreaterThan(now);
  const { signal } = new AbortController();
  await Promise.all(running.map(({ ctx }) => rotateSigningKeyJobs(ctx).queue.handler({ signal } as never)));
}
/** Half a minute later: what both processes do by themselves. */
async function look(): Promise<void> {
  await later(30_000);
  for (const { ctx } of [auth, other]) await followVerificationKeys(ctx).run(new AbortController().signal);
}
const states = async (use: Use): Promise<Record<string, string>> => {
  const { rows } = await auth.sql.query<{ kid: string; state: string }>(
    'select kid, state from auth.verification_keys where use = $1',
    [use],
  );
  return Object.fromEntries(rows.map(({ kid, state }) => [kid, state]));
};
const inState = async (use: Use, state: string): Promise<string> => {
  const found = Object.entries(await states(use)).filter((entry) => entry[1] === state);
  expect(found).toHaveLength(1);
  return found[0]![0];
};
const shown = async (use: Use): Promise<string[]> => {
  const { body } = await auth.request('GET', '/internal/v1/verification-keys');
  return body.keys.filter((key: { use: string }) => key.use === use).map((key: { kid: string }) => key.kid);
};
const head = async (): Promise<SignedText> => {
  const { rows } = await auth.sql.query<SignedText>(
    'select payload, kid, signature from auth.access_heads where tenant_id = $1',
    [a.id],
  );
  return rows[0]!;
};
const change = (running: RunningAuth): Promise<number> =>
  running.ctx.database
    .tenant(a.id)
    .write((tx) => accessChanged(tx, running.ctx, { tenant: true }), { global: true, unaudited: 'test' });
/** Something new in the audit log of the tenant, up to a checkpoint; by which key that is signed. */
const checkpoint = async (running: RunningAuth): Promise<string> => {
  await arrive(running, a.id, 1, { wake: false });
  await sealAuditLog(running.ctx, a.id, { completely: true });
  const { rows } = await auth.sql.query<{ kid: string }>(
    'select kid from auth.audit_checkpoints where tenant_id = $1 order by to_seq desc limit 1',
    [a.id],
  );
  return rows[0]!.kid;
};
test('the next key is published a day before it signs, by one of two processes; what the last one signed is believed for ever', async () => {
  const old = { access: await inState('access', 'active'), audit: await inState('audit', 'active') };
  const first = await head();
  expect(first.kid).toBe(old.access);
  expect(await checkpoint(auth)).toBe(old.audit);

  await later(29 * day - 1, auth);
  for (const use of uses) expect(Object.keys(await states(use))).toEqual([old[use]]);
  await later(1, auth, other);
  const next = { access: await inState('access', 'next'), audit: await inState('audit', 'next') };
  for (const use of uses) {
    expect(await states(use)).toEqual({ [old[use]]: 'active', [next[use]]: 'next' });
    expect((await shown(use)).toSorted()).toEqual([old[use], next[use]].toSorted());
    expect(await audits(auth, { action: 'auth:verification-key:rotate', resourceId: next[use] })).toHaveLength(1);
  }
  await later(day - 1, auth, other);
  await change(auth);
  expect((await head()).kid).toBe(old.access);

  await later(1, auth, other);
  for (const use of uses) {
    expect(await states(use)).toEqual({ [old[use]]: 'retired', [next[use]]: 'active' });
    expect((await shown(use)).toSorted()).toEqual([old[use], next[use]].toSorted());
    expect(await audits(auth, { action: 'auth:verification-key:activate', resourceId: next[use] })).toHaveLength(1);
  }
  await look();
  await change(auth);
  expect((await head()).kid).toBe(next.access);
  // The sealers of both processes are at work: one of them may have begun before.
  await expect.poll(() => checkpoint(auth), patient).toBe(next.audit);
  const keys = await auth.ctx.accessKeys.verifiers();
  for (const signed of [first, await head()]) expect(readHead(a.id, signed, keys)?.tenantId).toBe(a.id);
  const verdict = await verifyChain(auth.ctx, a.id, { signal: new AbortController().signal });
  expect(verdict.fault).toBeUndefined();
  expect(verdict.checkpoints).toBeGreaterThan(1);
});

test('a process that did not rotate signs with the new key when it has looked', async () => {
  const old = await inState('access', 'active');
  await later(29 * day, auth);
  await later(day, auth);
  const next = await inState('access', 'active');
  expect(next).not.toBe(old);
  expect(auth.ctx.accessKeys.held().kid).toBe(next);
  await look();
  await change(other);
  expect((await head()).kid).toBe(next);
  const audit = await inState('audit', 'active');
  await expect.poll(() => checkpoint(other), patient).toBe(audit);
});

test('while the keys cannot be read, the one that is known goes on signing', async () => {
  const known = await auth.ctx.accessKeys.signer();
  await auth.sql.query('alter table auth.verification_keys rename to verification_keys_away');
  try {
    auth.ctx.accessKeys.changed();
    expect(await auth.ctx.accessKeys.signer()).toBe(known);
  } finally {
    await auth.sql.query('alter table auth.verification_keys_away rename to verification_keys');
  }
});
