import { expect, test } from 'vitest';
import fc from 'fast-check';
import { gcraStep, type Charge } from './gcra.ts';
import { defineRatePolicy } from './rate-policy.ts';

const runs = 40;
const stepsARun = 25_000;

const policy = fc
  .record({
    limit: fc.integer({ min: 1, max: 1_000_000 }),
    periodSeconds: fc.integer({ min: 1, max: 3_600 }),
    burst: fc.integer({ min: 1, max: 5_000 }),
  })
  .map((numbers) => defineRatePolicy({ name: 'p', ...numbers }));

/** Fast and good enough for choosing steps; the numbers under test come from fast-check. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** A bucket that fills by what passes and leaks one microsecond a microsecond: the same rule in other words and other numbers. */
class LeakyBucket {
  level = 0n;
  private at = 0n;
  readonly capacity: bigint;

  constructor(capacity: number) {
    this.capacity = BigInt(capacity);
  }

  leakUntil(now: number): void {
    const passed = BigInt(now) - this.at;
    this.level = this.level > passed ? this.level - passed : 0n;
    this.at = BigInt(now);
  }
}

test('a million steps agree with leaky buckets in big integers, all policies or none', () => {
  let total = 0;
  fc.assert(
    fc.property(fc.array(policy, { minLength: 1, maxLength: 3 }), fc.integer(), (policies, seed) => {
      const random = randomFrom(seed);
      const buckets = policies.map(({ spacing }) => new LeakyBucket(spacing.capacity));
      const kept = new Map<string, number>();
      const longest = Math.max(...policies.map(({ spacing }) => spacing.interval));
      let now = 1_764_000_000_000_000;
      for (let step = 0; step < stepsARun; step += 1) {
        now += random() < 0.2 ? 0 : Math.floor(random() * random() * longest * 3);
        const charges = policies.map(({ spacing, burst }, index): Charge => {
          const units = random() < 0.9 ? 1 : 1 + Math.floor(random() * burst);
          return { key: String(index), ...spacing, cost: units * spacing.interval };
        });
        const kind = random() < 0.05 ? 'refund' : random() < 0.1 ? 'peek' : 'consume';
        for (const bucket of buckets) bucket.leakUntil(now);
        const fits = buckets.every(({ level, capacity }, index) => level + BigInt(charges[index]!.cost) <= capacity);
        const result = gcraStep(kind, now, (key) => kept.get(key), charges);
        if (result.allowed && kind !== 'peek') charges.forEach(({ key }, index) => kept.set(key, result.tats[index]!));
        if (kind !== 'refund' && result.allowed !== fits)
          throw new Error(`step ${step}: ${result.allowed}, not ${fits}`);
        for (const [index, bucket] of buckets.entries()) {
          const cost = BigInt(charges[index]!.cost);
          if (kind === 'refund') bucket.level = bucket.level > cost ? bucket.level - cost : 0n;
          if (kind === 'consume' && fits) bucket.level += cost;
          if (BigInt(result.tats[index]! - now) !== bucket.level) throw new Error(`step ${step}: another level`);
        }
        total += 1;
      }
    }),
    { numRuns: runs },
  );
  expect(total).toBeGreaterThanOrEqual(runs * stepsARun);
});

test('under lasting demand exactly the burst and one unit an interval pass, after a million calls too', () => {
  const { spacing } = defineRatePolicy({ name: 'p', limit: 7, periodSeconds: 60, burst: 5 });
  const charge: Charge = { key: 'k', ...spacing, cost: spacing.interval };
  const start = 1_764_000_000_000_000;
  let [now, kept, admitted] = [start, start, 0];
  for (let call = 0; call < 1_000_000; call += 1) {
    const result = gcraStep('consume', now, () => kept, [charge]);
    kept = result.tats[0]!;
    if (result.allowed) admitted += 1;
    now += 1 + ((call * 7_919) % (spacing.interval - 1));
  }
  const passed = now - 1 - start;
  const exact = Math.floor((kept - start) / spacing.interval);
  expect(admitted).toBe(exact);
  expect(BigInt(admitted)).toBeLessThanOrEqual((BigInt(passed) * 7n) / 60_000_000n + 5n);
  expect(admitted).toBeGreaterThanOrEqual(Math.floor(passed / spacing.interval) + 4);
});

test.each([
  ['a time far ahead', Number.MAX_SAFE_INTEGER],
  ['no number', Number.NaN],
  ['a negative number', -1],
])('%s is not believed: after one burst the key is free again', (_name, stored) => {
  const { spacing } = defineRatePolicy({ name: 'p', limit: 10, periodSeconds: 1, burst: 3 });
  const charge: Charge = { key: 'k', ...spacing, cost: spacing.interval };
  const now = 1_764_000_000_000_000;
  const later = now + spacing.capacity;
  const { tats } = gcraStep('peek', now, () => stored, [charge]);
  expect(gcraStep('consume', later, () => tats[0], [charge]).allowed).toBe(true);
  expect(tats[0]).toBeLessThanOrEqual(later);
});

test.each([
  ['a cost above the burst', { limit: 10, periodSeconds: 1, burst: 5, cost: 6 }, /could never pass/],
  ['no burst', { limit: 10, periodSeconds: 1, burst: 0 }, /burst is a whole number/],
  ['a fraction', { limit: 0.5, periodSeconds: 1, burst: 1 }, /limit is a whole number/],
  ['a burst that takes years', { limit: 1, periodSeconds: 86_400, burst: 400 }, /within a year/],
])('a policy with %s is refused where it is defined', (_name, numbers, message) => {
  expect(() => defineRatePolicy({ name: 'p', ...numbers })).toThrow(message);
  expect(() => defineRatePolicy({ name: 'Not a name', limit: 1, periodSeconds: 1, burst: 1 })).toThrow(/kebab-case/);
});
