import type { Figures, MeasureOptions } from './measure.ts';

/** One comparison that must hold: `ours` against `peer` by `ratio`. */
export interface Claim {
  text: string;
  ratio: number;
  limit: number;
  /** `at-most` for costs, `at-least` for rates. */
  bound: 'at-most' | 'at-least';
}

export interface RowResult {
  name: string;
  title: string;
  figures: Figures[];
  claims: Claim[];
  /** Where each microsecond goes: parts that sum up to a subject's CPU figure. */
  parts?: { name: string; cpuMicros: number }[];
  /** Single figures with their limits, for what is not a comparison of servers. */
  notes?: string[];
}

export interface Row {
  name: string;
  suite: string;
  run(options: MeasureOptions): Promise<RowResult>;
}

export function holds(claim: Claim): boolean {
  return claim.bound === 'at-most' ? claim.ratio <= claim.limit : claim.ratio >= claim.limit;
}
