/** Something that must not be accepted any more, from this moment on. */
export interface Revocation {
  kind: 'session' | 'api-key' | 'signing-key';
  /** Session id, key id, or `kid` of the token key. */
  id: string;
}

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
