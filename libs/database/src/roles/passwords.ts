import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto';
import { promisify } from 'node:util';

const derive = promisify(pbkdf2);
const iterations = 4096;
const keyBytes = 32;

/** Password of a role, derived from the installation's key: the same at every start, 43 characters of base64url. */
export function derivePassword(key: Buffer, role: string): string {
  return createHmac('sha256', key).update(`role ${role}`).digest('base64url');
}

/**
 * SCRAM-SHA-256 verifier in the form PostgreSQL stores (RFC 5803), so that no password appears in a statement or a
 * server log.
 */
export async function scramVerifier(password: string): Promise<string> {
  const salt = randomBytes(16);
  const salted = await derive(password, salt, iterations, keyBytes, 'sha256');
  const clientKey = createHmac('sha256', salted).update('Client Key').digest();
  const storedKey = createHash('sha256').update(clientKey).digest('base64');
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64');
  return `SCRAM-SHA-256$${iterations}:${salt.toString('base64')}$${storedKey}:${serverKey}`;
}
