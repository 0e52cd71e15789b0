import { readFile, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stopAbandonedPostgres } from '@idp/tools';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startHostProcess, type HostProcess } from '../host-process.ts';
import { countClaims, guideScript } from './guide-script.ts';
import { missingPrograms, runGuide } from './run-guide.ts';

const missing = missingPrograms(['bash', 'curl', 'jq']);
if (missing.length > 0) {
  const why = `the guides need ${missing.join(', ')}`;
  if (process.env['CI']) throw new Error(why);
  process.stderr.write(`SKIPPED guides: ${why}\n`);
}

const guide = new URL('../../../../docs/services/auth.md', import.meta.url);

let base: string;
let host: HostProcess;

beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'idp-guide-'));
  if (missing.length > 0) return;
  host = await startHostProcess({ IDP_DATA_DIR: join(base, '.idp') });
  await host.healthy();
}, 600_000);
afterAll(async () => {
  host?.child.kill('SIGKILL');
  await host?.exited;
  await stopAbandonedPostgres(join(base, '.idp'));
  await rm(base, { recursive: true, force: true });
});

interface Named {
  id: string;
  slug: string;
}

async function list<T extends Named>(path: string, token: string): Promise<T[]> {
  const answer = await fetch(`${host.url}/api/v1${path}`, { headers: { authorization: `Bearer ${token}` } });
  expect(answer.status).toBe(200);
  return ((await answer.json()) as { data: T[] }).data;
}

async function signIn(): Promise<string> {
  const password = (await readFile(join(base, '.idp/secrets/admin-password'), 'utf8')).trim();
  const answer = await fetch(`${host.url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'owner@localhost', password }),
  });
  return ((await answer.json()) as { data: { accessToken: string } }).data.accessToken;
}

test.skipIf(missing.length > 0)(
  'an administrator models a company by the guide alone: three teams and two projects',
  { timeout: 600_000 },
  async () => {
    const markdown = await readFile(guide, 'utf8');
    expect(countClaims(markdown)).toBeGreaterThan(20);
    await runGuide(guideScript(markdown, { 'http://localhost:8080': host.url }), { directory: base });

    const token = await signIn();
    const organizations = await list('/auth/organizations', token);
    expect(organizations.map(({ slug }) => slug).toSorted()).toEqual(['default', 'music']);
    const music = organizations.find(({ slug }) => slug === 'music')!;
    const teams = await list<Named & { parentId: string | null; organizationId: string }>('/teams', token);
    const teamId = (slug: string) => teams.find((team) => team.slug === slug)!.id;
    expect(teams).toEqual([
      expect.objectContaining({ slug: 'engineering', parentId: null, organizationId: music.id }),
      expect.objectContaining({ slug: 'payments', parentId: null, organizationId: music.id }),
      expect.objectContaining({ slug: 'web', parentId: teamId('engineering'), organizationId: music.id }),
    ]);
    expect(await list('/auth/projects', token)).toEqual([
      expect.objectContaining({ slug: 'billing', ownerTeamId: teamId('payments') }),
      expect.objectContaining({ slug: 'storefront', ownerTeamId: teamId('payments') }),
    ]);
    const people = await list<Named & { email: string }>('/users', token);
    expect(people.map(({ email }) => email)).toEqual(['grace@example.com', 'owner@localhost']);
  },
);
