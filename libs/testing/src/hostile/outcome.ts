import type { HostileItem } from './items.ts';

/** What became of one item at one place. */
export interface Outcome {
  item: string;
  /** Service and operation, or another name of the place. */
  place: string;
  /** Empty: passed. */
  deviations: readonly string[];
}

/** What became of one item over the whole platform: where it ran, or why it could not. */
export interface ItemResult {
  item: HostileItem;
  outcomes: readonly Outcome[];
  /** Set when it ran nowhere. */
  skipped?: string;
}
