import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { findEnvoy, freePort, startEnvoy, validateEnvoy, type EnvoyServer } from '../src/index.ts';
import { processIdentity } from '../src/process.ts';
import { isRequired } from './required.ts';

const binary = await findEnvoy().catch((error: Error) => error);
let directory: string;
let config: string;
const running: EnvoyServer[] = [];

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'idp-tools-'));
  config = join(directory, 'envoy.yaml');
});

afterEach(async () => {
  for (const server of running.splice(0)) await server.stop();
  await rm(directory, { recursive: true, force: true });
});

async function start(more = ''): Promise<EnvoyServer> {
  const adminPort = await freePort();
  const admin = `{ address: { socket_address: { address: 127.0.0.1, port_value: ${adminPort} } } }`;
  await writeFile(config, `admin: ${admin}\n${more}`);
  const server = await startEnvoy({ directory, config, adminPort });
  running.push(server);
  return server;
}

describe.skipIf(binary instanceof Error && !isRequired('envoy'))('a local Envoy', () => {
  test('serves when it is started and is gone after stop, which may be called twice', async () => {
    const server = await start();
    expect(server.version).toMatch(/^\d+\.\d+\.\d+$/);
    expect((await fetch(`${server.adminUrl}/ready`)).status).toBe(200);
    const { pid } = server;
    await Promise.all([server.stop(), server.stop()]);
    expect(processIdentity(pid!)).toBeUndefined();
    await server.start();
    expect((await fetch(`${server.adminUrl}/ready`)).status).toBe(200);
  });

  test('a configuration it refuses is told in one line', async () => {
    await expect(start('nonsense: 1\n')).rejects.toThrow(/^Envoy did not start: .*nonsense/);
    await expect(validateEnvoy(config)).rejects.toThrow(/^Envoy refuses .*nonsense/);
    await writeFile(config, 'admin: {}\n');
    await validateEnvoy(config);
  });
});

test('a named program that is no Envoy is told in one line', async () => {
  await expect(findEnvoy({ ENVOY_BINARY: '/bin/true' })).rejects.toThrow(
    'ENVOY_BINARY /bin/true cannot be run or is no Envoy',
  );
});
