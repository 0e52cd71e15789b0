import { randomBytes } from 'node:crypto';
import { platformTenantId } from '@idp/contracts';
import type { Secrets } from '@idp/secrets';
import { macKeyBytes } from './refresh-token.ts';

/** A new MAC key for one session and its sealed form. Sessions are the platform's: its data key seals them. */
export async function makeSessionKey(secrets: Secrets, sessionId: string): Promise<{ macKey: Buffer; sealed: string }> {
  const macKey = randomBytes(macKeyBytes);
  return { macKey, sealed: await secrets.tenant(platformTenantId).seal(targetOf(sessionId), macKey) };
}

/** 409 `SECRET_UNREADABLE` for a key that was sealed elsewhere, 503 while the key provider is away. */
export function openSessionKey(secrets: Secrets, sessionId: string, sealed: string): Promise<Buffer> {
  return secrets.tenant(platformTenantId).open(targetOf(sessionId), sealed);
}

function targetOf(sessionId: string) {
  return { table: 'sessions', column: 'mac_key_sealed', rowId: sessionId };
}
