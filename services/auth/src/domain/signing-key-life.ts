const hour = 3_600_000;

/** A key is published this long before it signs: whoever verifies has it by then, and a rotation fails no request. */
export const publishedBeforeUseMs = 24 * hour;
/** How long a key signs. */
export const signingPeriodMs = 30 * 24 * hour;
/**
 * How long a key that was replaced still verifies: a token lives 15 min, clocks may differ by 1 min on either end, and another process may
 * sign with it until it has read the keys again.
 */
export const retiringMs = 20 * 60_000;

export type SigningKeyState = 'next' | 'active' | 'retiring' | 'retired' | 'revoked';

export interface SigningKeyLife {
  kid: string;
  state: SigningKeyState;
  createdAt: string;
  activatedAt: string | null;
  retiringAt: string | null;
}

/** What is due for the keys of the platform at `now`. */
export interface SigningKeySteps {
  /** The waiting key, when it signs from now on. */
  activate?: string;
  /** Keys nothing living was signed with. */
  retire: readonly string[];
  /** Whether the next key must be made, so that it is known when the active one has signed for its period. */
  publish: boolean;
}

export function dueSigningKeySteps(keys: readonly SigningKeyLife[], now: Date): SigningKeySteps {
  const isPast = (from: string | null, ms: number): boolean => from !== null && now.getTime() >= Date.parse(from) + ms;
  const next = keys.find(({ state }) => state === 'next');
  const active = keys.find(({ state }) => state === 'active');
  const ready = next !== undefined && isPast(next.createdAt, publishedBeforeUseMs);
  return {
    ...(ready && { activate: next.kid }),
    retire: keys
      .filter(({ state, retiringAt }) => state === 'retiring' && isPast(retiringAt, retiringMs))
      .map(({ kid }) => kid),
    publish: next === undefined && isPast(active?.activatedAt ?? null, signingPeriodMs - publishedBeforeUseMs),
  };
}
