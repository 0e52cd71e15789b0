/** How long the token before the current one still gets the current pair: a lost answer, two tabs. */
export const repeatWindowMs = 10_000;

export type Rotation =
  /** The current token: the next one becomes current. */
  | { kind: 'rotate'; counter: number }
  /** The one before, a moment ago: the current pair again, nothing changes. */
  | { kind: 'repeat'; counter: number }
  /** Ahead of the row: the database was restored from a backup. Taken once. */
  | { kind: 'resume'; counter: number }
  /** An older one: it is in two hands. */
  | { kind: 'reuse' };

/**
 * What a refresh token with a genuine MAC means for its session. `counter` of the answer is the one the new token has.
 * The rotation of the row lies `sinceRotationMs` back.
 */
export function decideRotation(presented: number, row: { counter: number; sinceRotationMs: number }): Rotation {
  if (presented === row.counter) return { kind: 'rotate', counter: row.counter + 1 };
  if (presented > row.counter) return { kind: 'resume', counter: presented + 1 };
  if (presented === row.counter - 1 && row.sinceRotationMs <= repeatWindowMs) {
    return { kind: 'repeat', counter: row.counter };
  }
  return { kind: 'reuse' };
}
