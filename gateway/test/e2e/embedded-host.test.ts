import { once } from 'node:events';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stopAbandonedPostgres } from '@idp/tools';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { startHostProcess, type HostProcess } from './host-process.ts';

let base: string;
let dataDirectory: string;
const started: HostProcess[] = [];

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'idp-host-'));
  dataDirectory = join(base, 'data');
});

afterEach(async () => {
  for (const host of started.splice(0)) {
    host.child.kill('SIGKILL');
    await host.exited;
  }
  await stopAbandonedPostgres(dataDirectory);
  await rm(base, { recursive: true, force: true });
});

async function start(env: Record<string, string> = {}): Promise<HostProcess> {
  const host = await startHostProcess({ IDP_DATA_DIR: dataDirectory, ...env });
  started.push(host);
  return host;
}

async function logIn(host: HostProcess, password?: string): Promise<{ authorization: string }> {
  const file = join(dataDirectory, 'secrets', 'admin-password');
  const response = await fetch(`${host.url}/api/v1/auth/login`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email: 'owner@localhost', password: password ?? readFileSync(file, 'utf8').trim() }),
  });
  expect(response.status).toBe(200);
  const { data } = (await response.json()) as { data: { accessToken: string } };
  return { authorization: `Bearer ${data.accessToken}` };
}

async function stop(host: HostProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  host.child.kill(signal);
  return (await host.exited).code;
}

const postmasterFile = () => join(dataDirectory, 'postgres', 'postmaster.pid');
const exists = (file: string) => statSync(file, { throwIfNoEntry: false }) !== undefined;

describe('first and later starts', () => {
  test('the first owner signs in, files are read, broken ones are named, and all of it is there after a restart', async () => {
    const directory = join(base, 'descriptors');
    const write = (folder: string, content: string) => {
      mkdirSync(join(directory, folder), { recursive: true });
      writeFileSync(join(directory, folder, 'catalog-info.yaml'), content);
    };
    const component = (name: string) =>
      `apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata:\n  name: ${name}\nspec: {type: service, lifecycle: production, owner: team-a}\n`;
    write('good', component('alpha'));
    write('broken', 'kind: [Component\nmetadata: x\n');
    const env = { CATALOG_DIRECTORIES: directory };

    const first = await start(env);
    await first.healthy();
    const table = await first.table();
    const password = readFileSync(join(dataDirectory, 'secrets', 'admin-password'), 'utf8').trim();
    expect(table).toContain(`Password  ${password}`);
    expect(table).toMatch(/ Catalog +1 entities from .*, 1 refused\n/);
    expect(table).toMatch(/ {4}broken\/catalog-info\.yaml:\d+:\d+ {2}yaml: /);
    for (const file of ['admin-password', 'database', 'kek.json', 'postgres-admin']) {
      expect(statSync(join(dataDirectory, 'secrets', file)).mode & 0o777).toBe(0o600);
    }
    const headers = await logIn(first);
    const list = `${first.url}/api/catalog/entities?filter=kind=component`;
    expect(await (await fetch(list, { headers })).json()).toMatchObject([{ metadata: { name: 'alpha' } }]);

    write('more', component('beta'));
    await expect
      .poll(async () => ((await (await fetch(list, { headers })).json()) as unknown[]).length, { timeout: 30_000 })
      .toBe(2);
    expect(await stop(first)).toBe(0);
    expect(exists(postmasterFile())).toBe(false);

    const second = await start(env);
    await second.healthy();
    expect(await second.table()).not.toContain(password);
    const again = await fetch(`${second.url}/api/catalog/entities`, { headers: await logIn(second) });
    expect(((await again.json()) as { metadata: { name: string } }[]).map((entity) => entity.metadata.name)).toEqual(
      expect.arrayContaining(['alpha', 'beta']),
    );
    expect(await stop(second, 'SIGINT')).toBe(0);
  });

  test('a given password is used, shown nowhere and written nowhere', async () => {
    const IDP_ADMIN_PASSWORD = 'my own long passphrase, forty-two';
    const host = await start({ IDP_ADMIN_PASSWORD });
    await host.healthy();
    expect((await logIn(host, IDP_ADMIN_PASSWORD)).authorization).toMatch(/^Bearer ey/);
    expect(await host.table()).not.toContain(IDP_ADMIN_PASSWORD);
    expect(exists(join(dataDirectory, 'secrets', 'admin-password'))).toBe(false);
  });

  test('probes and the metrics of every service share one management port', async () => {
    const host = await start();
    await host.healthy();
    for (const path of ['/healthz', '/readyz', '/startupz'])
      expect((await fetch(host.managementUrl + path)).status).toBe(200);
    const metrics = await (await fetch(`${host.managementUrl}/metrics`)).text();
    for (const service of ['gateway', 'auth', 'catalog']) expect(metrics).toContain(`service="${service}"`);
    expect(metrics.match(/^# TYPE http_server_request_duration_seconds /gm)).toHaveLength(1);
    expect((await fetch(`${host.url}/metrics`)).status).toBe(404);
  });
});

describe('after a kill', () => {
  test('the next start takes PostgreSQL over, finds the data and stops it at its end', async () => {
    const first = await start();
    await first.healthy();
    await stop(first, 'SIGKILL');
    expect(exists(postmasterFile())).toBe(true);
    const pid = readFileSync(postmasterFile(), 'utf8').split('\n')[0];
    const second = await start();
    await second.healthy();
    expect(await second.table()).toContain('taken over');
    expect(readFileSync(postmasterFile(), 'utf8').split('\n')[0]).toBe(pid);
    await logIn(second);
    expect(await stop(second)).toBe(0);
    expect(exists(postmasterFile())).toBe(false);
  });

  test('a kill during the first start prevents nothing', async () => {
    const first = await start();
    await expect
      .poll(() => exists(join(dataDirectory, 'secrets', 'postgres-admin')), { timeout: 60_000, interval: 5 })
      .toBe(true);
    await stop(first, 'SIGKILL');
    const second = await start();
    await second.healthy();
    expect((await logIn(second)).authorization).toMatch(/^Bearer ey/);
  });
});

describe('refused with one line and exit code 1', () => {
  async function refusal(env: Record<string, string>): Promise<string> {
    const host = await start(env);
    const { code } = await host.exited;
    expect(code).toBe(1);
    expect(host.stdout()).toBe('');
    expect(host.stderr().trim().split('\n')).toHaveLength(1);
    return host.stderr().trim();
  }

  test('a taken port, before anything is made', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port } = other.address() as AddressInfo;
    try {
      expect(await refusal({ PORT: String(port) })).toBe(
        `idp: port ${port} is taken; stop what listens there or set PORT`,
      );
      expect(await refusal({ MANAGEMENT_PORT: String(port) })).toBe(
        `idp: port ${port} is taken; stop what listens there or set MANAGEMENT_PORT`,
      );
      expect(exists(dataDirectory)).toBe(false);
    } finally {
      other.close();
    }
  });

  test('a data directory that cannot be written', async () => {
    writeFileSync(join(base, 'file'), '');
    const directory = join(base, 'file', 'data');
    expect(await refusal({ IDP_DATA_DIR: directory })).toBe(
      `idp: cannot write to the data directory ${directory}: ENOTDIR: not a directory`,
    );
  });

  test('a database that cannot be reached, without its password', async () => {
    const line = await refusal({ DATABASE_URL: 'postgres://admin:secret-word@127.0.0.1:1/idp' });
    expect(line).toBe('idp: the database at 127.0.0.1:1/idp cannot be reached: connect ECONNREFUSED 127.0.0.1:1');
  });

  test.each([
    ['PORT', 'eighty', 'must be a whole number'],
    ['DATABASE_URL', 'mysql://localhost', 'must be a postgres:// URL'],
    ['KAFKA_BROKERS', 'localhost', 'must be host:port'],
    ['REDIS_URL', 'localhost:6379', 'must be a redis:// or rediss:// URL'],
    ['CATALOG_DIRECTORY_SCAN_SECONDS', 'often', 'must be a whole number'],
    ['IDP_ADMIN_PASSWORD', 'short', 'password'],
  ])('a wrong %s', async (name, value, reason) => {
    const line = await refusal({ [name]: value });
    expect(line).toContain(name);
    expect(line).toContain(reason);
    expect(line).toMatch(/^idp: configuration is not valid: /);
  });

  test('limits switched off in production', async () => {
    expect(await refusal({ RATE_LIMITS: 'off', NODE_ENV: 'production' })).toContain(
      'RATE_LIMITS: off is for load tests',
    );
  });

  test('a second instance on the same directory, while the first goes on', async () => {
    const first = await start();
    await first.healthy();
    expect(await refusal({})).toBe(
      `idp: ${dataDirectory} is in use by process ${first.child.pid}; stop it or choose another IDP_DATA_DIR`,
    );
    await logIn(first);
  });
});

test('an order to stop that arrives twice, by the group and by the parent, is one order', async () => {
  const host = await start();
  await host.healthy();
  host.child.kill('SIGTERM');
  host.child.kill('SIGINT');
  expect((await host.exited).code).toBe(0);
  expect(exists(postmasterFile())).toBe(false);
});

test('requests in flight are answered while the host stops, new connections are not taken', async () => {
  const host = await start();
  await host.healthy();
  const headers = await logIn(host);
  const requests = Array.from({ length: 20 }, () => fetch(`${host.url}/api/v1/auth/me`, { headers }));
  const answers = Promise.allSettled(requests.map(async (request) => (await request).status));
  expect(await stop(host)).toBe(0);
  const statuses = (await answers).map((answer) => (answer.status === 'fulfilled' ? answer.value : 'refused'));
  expect(statuses.filter((status) => status !== 200 && status !== 'refused' && status !== 503)).toEqual([]);
  await expect(fetch(`${host.url}/api/v1/health`)).rejects.toThrow('fetch failed');
});
