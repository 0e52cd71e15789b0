/** What one call takes of one key, in whole microseconds. */
export interface Charge {
  /** Name of the stored number. */
  key: string;
  /** Time of one unit. */
  interval: number;
  /** Time of a whole burst. */
  capacity: number;
  /** Time of what this call takes. */
  cost: number;
}

/** `consume` takes from all keys or from none, `peek` takes nothing, `refund` gives back. */
export type Step = 'consume' | 'peek' | 'refund';

export interface StepResult {
  allowed: boolean;
  /** The clock of the store. */
  now: number;
  /** For each charge the time at which the whole burst is there again: after the step where it took or gave, else as found. */
  tats: number[];
}

/**
 * The theoretical arrival time that counts: never in the past, and never further ahead than a burst, which no step makes and only
 * foreign bytes, a changed policy or a clock set back can show.
 */
function effectiveTat(tat: number | undefined, now: number, capacity: number): number {
  if (tat === undefined || !(tat > now)) return now;
  return Math.min(tat, now + capacity);
}

/**
 * Generic cell rate algorithm (ITU-T I.371, virtual scheduling), several keys at once: all pass or none. `stored` reads the number
 * kept under a key. The Lua script of the Redis store is the same, line for line.
 */
export function gcraStep(
  step: Step,
  now: number,
  stored: (key: string) => number | undefined,
  charges: readonly Charge[],
): StepResult {
  const tats: number[] = [];
  let allowed = true;
  for (const { key, capacity, cost } of charges) {
    const tat = effectiveTat(stored(key), now, capacity);
    tats.push(tat);
    if (step !== 'refund' && tat + cost - now > capacity) allowed = false;
  }
  if (!allowed || step === 'peek') return { allowed, now, tats };
  for (let index = 0; index < charges.length; index += 1) {
    const { cost } = charges[index]!;
    tats[index] = step === 'refund' ? Math.max(now, tats[index]! - cost) : tats[index]! + cost;
  }
  return { allowed, now, tats };
}
