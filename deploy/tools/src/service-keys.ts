import { generateKeyPairSync } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { preparePrivateFolder } from './private-folder.ts';

/** By which services in processes of their own prove to auth which one they are. */
export interface ServiceKeyFiles {
  /** Public keys of all, for `SERVICE_KEYS_FILE` of auth. */
  all: string;
  /** Private key of one, for its `SERVICE_KEY_FILE`. */
  of(service: string): string;
}

/**
 * Makes an Ed25519 key for each service that has none, as JWK (RFC 8037) in `<directory>/<service>/service-key.json` (mode 0600), and
 * `<directory>/auth/service-keys.json` with the public halves of all.
 */
export async function prepareServiceKeys(directory: string, services: readonly string[]): Promise<ServiceKeyFiles> {
  const of = (service: string): string => join(directory, service, 'service-key.json');
  const known: Record<string, object[]> = {};
  for (const service of ['auth', ...services]) await preparePrivateFolder(join(directory, service));
  for (const service of services) known[service] = [await publicHalf(service, of(service))];
  const all = join(directory, 'auth', 'service-keys.json');
  await writeFile(all, JSON.stringify(known), { mode: 0o600 });
  return { all, of };
}

async function publicHalf(service: string, file: string): Promise<object> {
  const kept = await readFile(file, 'utf8').catch(() => undefined);
  const jwk = kept === undefined ? makeKey(service) : (JSON.parse(kept) as Record<string, string>);
  if (kept === undefined) await writeFile(file, JSON.stringify(jwk), { mode: 0o600 });
  const { d: _, ...open } = jwk;
  return open;
}

function makeKey(service: string): Record<string, string> {
  const { privateKey } = generateKeyPairSync('ed25519');
  return { ...(privateKey.export({ format: 'jwk' }) as Record<string, string>), kid: `${service}-1` };
}
