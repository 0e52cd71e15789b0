import { randomBytes } from 'node:crypto';
import { createWakeSignal } from '@idp/events';
import type { KeyProvider } from '@idp/secrets';
import type { DatabaseUrls, HostResources } from '../src/index.ts';
import { publicUrl, testPorts } from './kernel.ts';

// Nothing in these tests is sealed; the local key file has tests of its own.
const noKeys: KeyProvider = {
  wrap: () => Promise.reject(new Error('no keys here')),
  unwrap: () => Promise.reject(new Error('no keys here')),
  describe: () => 'none',
  health: async () => true,
};

/** What the embedded host gives a service, on these logins. */
export async function hostResources(
  databaseUrls: DatabaseUrls,
  overrides: Partial<HostResources> = {},
): Promise<HostResources> {
  return {
    mode: 'embedded',
    environment: 'test',
    env: {},
    publicUrl,
    databaseUrls,
    transportWake: createWakeSignal(),
    ports: testPorts,
    secretsKeyProvider: noKeys,
    cursorSecret: randomBytes(32),
    logDestination: { write: () => undefined },
    ...overrides,
  };
}
