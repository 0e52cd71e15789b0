import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { newId } from '@idp/contracts';
import { createExportVerifier, type ExportVerdict, type SignedCheckpoint } from '../../src/audit/index.ts';
import { makeTenant, signIn, type TestTenant } from '../support/people.ts';
import { startAuth, type RunningAuth } from '../support/running-auth.ts';
import { arrive, sealedRows } from './support.ts';

const base = '/api/v1/auth/audit-logs';

// Jobs and the sealer are waited for; a loaded machine takes its time.
vi.setConfig({ testTimeout: 120_000 });

let auth: RunningAuth;
let a: TestTenant;
let token: string;
let folder: string;

beforeAll(async () => {
  auth = await startAuth();
  a = await makeTenant(auth, 'acme');
  token = (await signIn(auth, a.admin)).accessToken;
  folder = await mkdtemp(join(tmpdir(), 'idp-audit-test-'));
});
afterAll(async () => {
  await auth?.[Symbol.asyncDispose]();
  if (folder !== undefined) await rm(folder, { recursive: true });
});

interface Export {
  id: string;
  state: string;
  fromSeq: number | null;
  toSeq: number | null;
  downloadUrl: string | null;
}

/** Asks for an export and waits until it is no longer pending. */
async function finished(body: object = {}): Promise<Export> {
  const asked = await auth.request('POST', `${base}/exports`, { token, body });
  expect(asked.status, asked.text).toBe(202);
  const { id } = asked.body.data as Export;
  const get = async (): Promise<Export> => (await auth.request('GET', `${base}/exports/${id}`, { token })).body.data;
  await expect.poll(async () => (await get()).state, { timeout: 60_000 }).not.toBe('pending');
  return get();
}

async function download(url: string): Promise<string> {
  const answer = await fetch(new URL(url, auth.url), { headers: { authorization: `Bearer ${token}` } });
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toBe('application/x-ndjson');
  return answer.text();
}

async function verify(lines: readonly string[], known: SignedCheckpoint[] = []): Promise<ExportVerdict> {
  const verifier = createExportVerifier(await auth.ctx.auditKeys.verifiers(), known);
  for (const line of lines) verifier.line(line);
  return verifier.end();
}

/** The program that administrators run. */
async function audit(text: string): Promise<{ code: number; stdout: string }> {
  const [path, keys] = [join(folder, `${newId()}.ndjson`), join(folder, 'keys.json')];
  await writeFile(path, text);
  await writeFile(keys, (await auth.request('GET', `${base}/keys`, { token })).text);
  const script = new URL('../../../../scripts/audit-verify.ts', import.meta.url).pathname;
  return new Promise((resolve) => {
    execFile(process.execPath, [script, path, '--keys', keys], (error, stdout) =>
      resolve({ code: error === null ? 0 : Number(error.code), stdout: stdout.trim() }),
    );
  });
}

test('an export holds the chain until the request for it, signed, and is verified without a server', async () => {
  await arrive(auth, a.id, 1_200, { wake: false });
  const made = await finished();
  expect(made).toMatchObject({ state: 'ready', fromSeq: 1 });
  expect(made.toSeq).toBeGreaterThanOrEqual(1_200);
  const text = await download(made.downloadUrl!);
  const lines = text.split('\n').slice(0, -1);
  const parsed = lines.map((line) => JSON.parse(line) as { row?: { id: string; seq: number }; checkpoint?: object });
  const stored = (await sealedRows(auth, a.id)).slice(0, made.toSeq!);
  expect(parsed.flatMap(({ row }) => row?.id ?? [])).toEqual(stored.map(({ id }) => id));
  const good = await audit(text);
  expect(good).toEqual({ code: 0, stdout: expect.stringContaining(`ok: ${made.toSeq} rows, 1 to ${made.toSeq} of`) });

  const lineOf = (seq: number): number => parsed.findIndex(({ row }) => row?.seq === seq);
  const edited = lines[lineOf(900)]!.replace('"outcome":"succeeded"', '"outcome":"denied"');
  const bad = await audit(`${lines.with(lineOf(900), edited).join('\n')}\n`);
  expect(bad).toEqual({ code: 1, stdout: expect.stringContaining('BAD row 900 ') });
  const tampered: [string[], number][] = [
    [lines.toSpliced(lineOf(700), 1), 700],
    [lines.with(lineOf(50), lines[lineOf(51)]!).with(lineOf(51), lines[lineOf(50)]!), 50],
    [lines.slice(0, lineOf(1_100)), 1_100],
  ];
  for (const [changed, seq] of tampered) expect((await verify(changed)).fault).toMatchObject({ seq });
  const kept = parsed.filter((line) => line.checkpoint !== undefined) as unknown as SignedCheckpoint[];
  const shorter = [lines[0]!.replace(`"toSeq":${made.toSeq}`, '"toSeq":1000'), ...lines.slice(1, lineOf(1_001))];
  expect((await verify(shorter)).fault).toBeUndefined();
  expect((await verify(shorter, kept)).fault).toMatchObject({ seq: 1_001 });
});

test('an export of a time holds whole checkpoints', async () => {
  const { rows } = await auth.sql.query<{ from_seq: string; to_seq: string; signed_at: Date }>(
    'select * from auth.audit_checkpoints where tenant_id = $1 order by to_seq',
    [a.id],
  );
  const [first, second] = rows;
  const from = first!.signed_at.toISOString();
  const made = await finished({ from: new Date(first!.signed_at.getTime() - 1).toISOString(), to: from });
  expect(made).toMatchObject({ fromSeq: 1 });
  expect((await verify((await download(made.downloadUrl!)).split('\n').slice(0, -1))).fault).toBeUndefined();
  expect(second).toBeDefined();
  const nothing = await finished({ from: '2090-01-01T00:00:00Z' });
  expect(nothing).toMatchObject({ state: 'empty', downloadUrl: null });
  const answer = await auth.request('GET', `${base}/exports/${nothing.id}/download`, { token });
  expect([answer.status, answer.body.error.code]).toEqual([409, 'INVALID_STATE']);
});

test('rows that arrive while an export is read are not in it', async () => {
  const made = await finished();
  await arrive(auth, a.id, 300);
  const lines = (await download(made.downloadUrl!)).split('\n').slice(0, -1);
  expect(await verify(lines)).toMatchObject({ rows: made.toSeq, toSeq: made.toSeq });
});

test('an export belongs to who asked for it, for a quarter of an hour', async () => {
  const made = await finished();
  const owner = (await signIn(auth, a.owner)).accessToken;
  for (const path of [`${base}/exports/${made.id}`, `${base}/exports/${made.id}/download`]) {
    expect((await auth.request('GET', path, { token: owner })).status).toBe(404);
    expect((await auth.request('GET', path, { token: (await signIn(auth, a.member)).accessToken })).status).toBe(403);
  }
  auth.setClock();
  auth.setClock(15 * 60_000 + 1_000);
  token = (await signIn(auth, a.admin)).accessToken;
  const { body } = await auth.request('GET', `${base}/exports/${made.id}`, { token });
  expect(body.data).toMatchObject({ state: 'expired', downloadUrl: null });
  expect((await auth.request('GET', `${base}/exports/${made.id}/download`, { token })).status).toBe(409);
});

test('asking for an export and taking it away are recorded', async () => {
  const made = await finished();
  await download(made.downloadUrl!);
  const { rows } = await auth.sql.query(
    `select action, actor from auth.audit_log where tenant_id = $1 and resource_id = $2 order by occurred_at, id`,
    [a.id, made.id],
  );
  expect(rows).toEqual([
    { action: 'auth:audit:export', actor: `user:${a.admin.id}` },
    { action: 'auth:audit:download', actor: `user:${a.admin.id}` },
  ]);
});

test('the public keys are served to services, each with the set it belongs to', async () => {
  const answer = await auth.request('GET', '/internal/v1/verification-keys');
  expect(answer.status).toBe(200);
  const keys = answer.body.keys as { kty: string; crv: string; use: string }[];
  expect(keys.toSorted((a, b) => (a.use < b.use ? -1 : 1))).toMatchObject([
    { kty: 'OKP', crv: 'Ed25519', use: 'access' },
    { kty: 'OKP', crv: 'Ed25519', use: 'audit' },
  ]);
  expect(answer.text).not.toContain('"d"');
});
