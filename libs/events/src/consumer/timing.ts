/** Times of the consumer, in milliseconds. */
export interface ConsumerTiming {
  /** Longest time of one handler, where the consumer names none. */
  handlerMs: number;
  /** How often a chunk is tried as a whole before its events are tried one by one. */
  chunkRetries: number;
  /** First and longest pause between tries. */
  retryMs: { first: number; max: number };
  /** How long one event is tried before it is parked. */
  eventMs: number;
  /** Pauses of a parked event; the last one repeats. */
  parkedMs: readonly number[];
  /** Tries of a parked event before it becomes a dead letter. */
  parkedAttemptsMax: number;
  /** How long a missing version is waited for. */
  gapMs: number;
  /** How long one try of a parked event keeps others from it: after a crash it is due again then. */
  claimMs: number;
  /** How often parked events that became due are looked for. */
  parkedPollMs: number;
}

const minute = 60_000;
const hour = 60 * minute;

/** After 30 s, 1, 5, 15 min, 1 h, then hourly for 24 h. */
export const defaultTiming: ConsumerTiming = {
  handlerMs: 10_000,
  chunkRetries: 3,
  retryMs: { first: 100, max: 5_000 },
  eventMs: 30_000,
  parkedMs: [30_000, minute, 5 * minute, 15 * minute, hour],
  parkedAttemptsMax: 29,
  gapMs: minute,
  claimMs: minute,
  parkedPollMs: 5_000,
};

/** Pause before try `attempts + 1` of a parked event. */
export function parkedDelayMs(timing: ConsumerTiming, attempts: number): number {
  return timing.parkedMs[Math.min(attempts, timing.parkedMs.length - 1)]!;
}
