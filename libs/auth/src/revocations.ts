/** Something that must not be accepted any more, from this moment on. */
export type Revocation =
  /** Session id, API key id, OAuth client id, or `kid` of the key that signs tokens. */
  | { kind: 'session' | 'api-key' | 'client' | 'kid'; id: string }
  /** Every token of the user whose epoch (claim `ep`) is below. */
  | { kind: 'user'; id: string; epoch: number }
  /** Every credential of the user in that tenant, made before that access version of it (claim `pv`). */
  | { kind: 'member'; tenantId: string; id: string; version: number }
  /** Every credential of the tenant made before that access version. */
  | { kind: 'tenant'; id: string; version: number };

/** Tells what is revoked while it listens; what was revoked before is found in the answers of the auth service. */
export interface RevocationSource {
  subscribe(listener: (revocation: Revocation) => void): void;
}

/** A source that whoever revokes something calls. */
export interface RevocationSignal extends RevocationSource {
  announce(revocation: Revocation): void;
}

export function createRevocationSignal(): RevocationSignal {
  const listeners = new Set<(revocation: Revocation) => void>();
  return {
    subscribe: (listener) => void listeners.add(listener),
    announce(revocation) {
      for (const listener of listeners) listener(revocation);
    },
  };
}
