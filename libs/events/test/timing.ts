import type { ConsumerTiming } from '../src/index.ts';

/** Times short enough for a test to wait for them. */
export const quickTiming: Partial<ConsumerTiming> = {
  handlerMs: 2_000,
  retryMs: { first: 5, max: 20 },
  eventMs: 100,
  parkedMs: [50],
  gapMs: 300,
  claimMs: 300,
  parkedPollMs: 50,
};
