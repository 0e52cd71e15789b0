import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createServiceTokenSource, readServiceKey, type ServiceKey } from '@idp/auth';

/** Services of the platform beside those that run, each with the key it proves itself by. */
export interface Workloads extends Disposable {
  /** `SERVICE_KEYS_FILE` of auth. */
  keysFile: string;
  keyOf(service: string): Promise<ServiceKey>;
  /** A token for one service of the platform, as auth at this address gives it. */
  tokenFor(service: string, audience: string, authUrl: string, clock: () => Date): Promise<string>;
}

/** `weak` is known to auth and declares nothing. */
const names = ['weak', 'strong', 'catalog'];

export function createWorkloads(): Workloads {
  const directory = mkdtempSync(join(tmpdir(), 'idp-workloads-'));
  const keysFile = join(directory, 'keys.json');
  const pairs = new Map(names.map((name) => [name, generateKeyPairSync('ed25519')]));
  const publicKeys: Record<string, JsonWebKey[]> = {};
  for (const [name, { publicKey }] of pairs)
    publicKeys[name] = [{ ...publicKey.export({ format: 'jwk' }), kid: `${name}-1` }];
  writeFileSync(keysFile, JSON.stringify(publicKeys));
  const keyOf = (service: string): Promise<ServiceKey> => {
    const jwk = { ...pairs.get(service)!.privateKey.export({ format: 'jwk' }), kid: `${service}-1` };
    return readServiceKey(service, JSON.stringify(jwk));
  };
  return {
    keysFile,
    keyOf,
    async tokenFor(service, audience, authUrl, clock) {
      return createServiceTokenSource({ base: authUrl, key: await keyOf(service), clock }).tokenFor(audience);
    },
    [Symbol.dispose]: () => rmSync(directory, { recursive: true }),
  };
}
