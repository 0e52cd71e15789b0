import { createTelemetry } from '@idp/telemetry';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { createLimiter } from './create-limiter.ts';
import { createMemoryLimits } from './memory-store.ts';
import { defineRatePolicy } from './rate-policy.ts';

const { metrics } = createTelemetry({ service: 'test', version: '1', level: 'silent' });
const micros = 1_000_000;
const start = 1_764_000_000 * micros;

/** Any policy of up to a day, also those whose interval is no whole number of microseconds. */
const policy = fc
  .record({
    limit: fc.integer({ min: 1, max: 100_000 }),
    periodSeconds: fc.integer({ min: 1, max: 86_400 }),
    burst: fc.integer({ min: 1, max: 60 }),
  })
  .map((numbers) => defineRatePolicy({ name: 'p', ...numbers }));

/** Gaps before each call in thousandths of an interval, and its cost as a part of the burst. */
const arrivals = fc.array(
  fc.record({
    gap: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 1_500 }), fc.integer({ min: 0, max: 300_000 })),
    part: fc.oneof(fc.constant(0), fc.double({ min: 0, max: 1, noNaN: true })),
  }),
  { minLength: 40, maxLength: 60 },
);

/** GCRA without rounding: times in the `limit`-th part of a microsecond, where the interval is a whole number. */
function exactGcra({ limit, periodSeconds, burst }: { limit: number; periodSeconds: number; burst: number }) {
  const scale = BigInt(limit);
  const interval = BigInt(periodSeconds) * BigInt(micros);
  let tat = 0n;
  const after = (now: number, cost: number): bigint => {
    const at = BigInt(now) * scale;
    return (tat > at ? tat : at) + BigInt(cost) * interval;
  };
  return {
    /** How much of the burst would be left after a call of that cost; negative where it must not pass. */
    spare: (now: number, cost: number): bigint => BigInt(burst) * interval - (after(now, cost) - BigInt(now) * scale),
    take: (now: number, cost: number): void => void (tat = after(now, cost)),
  };
}

test(
  '1,000 policies under as many patterns agree with exact arithmetic, and waiting as told suffices',
  { timeout: 120_000 },
  async () => {
    let [refusals, runs, now] = [0, 0, start];
    const limiter = createLimiter({ store: createMemoryLimits({ now: () => now }), metrics });
    await fc.assert(
      fc.asyncProperty(policy, arrivals, async (tested, pattern) => {
        const { limit, burst, spacing } = tested;
        const key = `k-${(runs += 1)}`;
        now = start;
        const exact = exactGcra(tested);
        // Less than a microsecond for every unit a burst holds, and for every unit taken since the key was last at rest.
        let slack = BigInt(burst);
        for (const { gap, part } of pattern) {
          now += Math.floor((gap * spacing.interval) / 1_000);
          const cost = 1 + Math.floor(part * (burst - 1));
          const charges = [{ policy: tested, key, cost }];
          const spare = exact.spare(now, cost);
          const decision = await limiter.consume('t', charges);
          const isClose = (spare < 0n ? -spare : spare) <= slack * BigInt(limit);
          if (!isClose && decision.allowed !== spare >= 0n)
            throw new Error(`${decision.allowed} with ${spare} to spare`);
          if (decision.allowed) {
            exact.take(now, cost);
            slack += BigInt(cost);
            continue;
          }
          refusals += 1;
          const told = Math.ceil(decision.retryAfterMs / 1_000) * micros;
          const passesAfter = async (waited: number): Promise<boolean> => {
            const refusedAt = now;
            now += waited;
            const { allowed } = await limiter.peek('t', charges);
            now = refusedAt;
            return allowed;
          };
          if (!(await passesAfter(told))) throw new Error(`${told} microseconds do not suffice`);
          // More than the rounding to whole seconds and milliseconds earlier it would not have passed.
          const early = told - micros - 1_000;
          if (early > 0 && (await passesAfter(early))) throw new Error(`${told} microseconds are more than needed`);
          if (gap % 2 === 0) now += told;
        }
      }),
      { numRuns: 1_000 },
    );
    expect(refusals).toBeGreaterThan(1_000);
  },
);
