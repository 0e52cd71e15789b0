import { readFile } from 'node:fs/promises';
import { readServiceKey as keyOf, type ServiceKey } from '@idp/auth';
import { ConfigError } from '@idp/config';

/** The private key of a service from its file; ConfigError names what is wrong with it and never what it holds. */
export async function readServiceKey(service: string, file: string): Promise<ServiceKey> {
  try {
    return await keyOf(service, await readFile(file, 'utf8'));
  } catch {
    const message = 'must name a readable file with an Ed25519 private key as JWK, with its kid';
    throw new ConfigError([{ name: 'SERVICE_KEY_FILE', message }]);
  }
}
