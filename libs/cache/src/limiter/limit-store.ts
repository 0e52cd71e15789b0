import type { Charge, Step, StepResult } from './gcra.ts';
import type { RatePolicy } from './rate-policy.ts';

/** What a call is charged to. */
export interface RateCharge {
  policy: RatePolicy;
  /** Any text: an id, an address. It leaves the process as it is, so personal data is given as a fingerprint. */
  key: string;
  /** Units, default those of the policy; at most its burst. */
  cost?: number;
}

export interface StoreAnswer extends StepResult {
  charges: readonly Charge[];
  /** Takes what this answer took and gives it back, where it was taken. */
  refund(): Promise<void>;
}

/** Where the numbers are kept. */
export interface LimitStore {
  /** One step over all charges; their keys lie together under `tag`. Never rejects. */
  apply(step: Exclude<Step, 'refund'>, tag: string, charges: readonly RateCharge[]): Promise<StoreAnswer>;
  /** Steps made in memory because Redis was away. */
  fallbacks(): number;
}
