import { generateKeyPairSync } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** By which the services of a stack prove to auth which one they are. */
export interface ServiceKeyFiles {
  /** Public keys of all, for auth. */
  all: string;
  /** Private key of one. */
  of(service: string): string;
}

export async function writeServiceKeys(directory: string, services: readonly string[]): Promise<ServiceKeyFiles> {
  const all = join(directory, 'service-keys.json');
  const of = (service: string): string => join(directory, `${service}-key.json`);
  const known: Record<string, object[]> = {};
  for (const service of services) {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    const kid = `${service}-1`;
    known[service] = [{ ...publicKey.export({ format: 'jwk' }), kid }];
    await writeFile(of(service), JSON.stringify({ ...privateKey.export({ format: 'jwk' }), kid }));
  }
  await writeFile(all, JSON.stringify(known));
  return { all, of };
}
