import { LRUCache } from 'lru-cache';
import { chargesOf } from './charges.ts';
import { gcraStep, type Charge, type Step, type StepResult } from './gcra.ts';
import type { LimitStore } from './limit-store.ts';

export interface MemoryLimitsOptions {
  /** Processes that share the limits without knowing of each other; each gives its part. Default 1. */
  replicas?: number;
  /** Keys kept; the one unused for longest is forgotten first. Default 100,000. */
  keysMax?: number;
  /** Whole microseconds of a clock that never goes back. */
  now?: () => number;
}

const monotonicMicros = (): number => Math.floor(performance.now() * 1_000);

/** Limits in the memory of this process. */
export function createMemoryLimits(options: MemoryLimitsOptions = {}): LimitStore {
  const { replicas = 1, keysMax = 100_000, now = monotonicMicros } = options;
  const tats = new LRUCache<string, number>({ max: keysMax });

  const stored = (key: string): number | undefined => tats.get(key);

  function run(step: Step, charges: readonly Charge[]): StepResult {
    const result = gcraStep(step, now(), stored, charges);
    if (!result.allowed || step === 'peek') return result;
    for (let index = 0; index < charges.length; index += 1) tats.set(charges[index]!.key, result.tats[index]!);
    return result;
  }

  return {
    async apply(step, tag, rated) {
      const charges = chargesOf(tag, rated, replicas);
      const { allowed, now: at, tats: after } = run(step, charges);
      return { allowed, now: at, tats: after, charges, refund: async () => void run('refund', charges) };
    },
    fallbacks: () => 0,
  };
}
