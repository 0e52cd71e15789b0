import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { simulateEvents, type Mutant, type Report } from './simulate.ts';

// Pauses between tries are steps like any other: a clock of the machine would make runs differ.
vi.mock('node:timers/promises', () => ({ setTimeout: async () => undefined }));

const runs = Number(process.env['SIMULATION_RUNS'] ?? 2_000);
/** `SIMULATION_SEED` and `SIMULATION_PATH` of a failure repeat exactly that run. */
const seed = Number(process.env['SIMULATION_SEED'] ?? Date.now() % 2 ** 31);
const path = process.env['SIMULATION_PATH'];

const anySeed = fc.integer({ min: 0, max: 2 ** 32 - 1 });

it(`${runs} runs lose nothing, double nothing and keep the order, seed ${seed}`, { timeout: 300_000 }, async () => {
  const seen = { crashes: 0, duplicates: 0, parked: 0 };
  const leastChaos = path === undefined ? runs / 10 : 0;
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), anySeed, async (scheduler, random) => {
      const report = await simulateEvents(scheduler, random);
      count(seen, report);
      expect(report.faults).toEqual([]);
    }),
    { numRuns: runs, seed, endOnFailure: true, ...(path === undefined ? {} : { path }) },
  );
  // A simulation without chaos would say nothing.
  for (const times of Object.values(seen)) expect(times).toBeGreaterThanOrEqual(leastChaos);
});

function count(seen: { crashes: number; duplicates: number; parked: number }, report: Report): void {
  seen.crashes += report.crashes;
  seen.duplicates += report.duplicates;
  seen.parked += report.parked;
}

it.each<Mutant>(['inbox outside the transaction', 'watermark relay', 'no stale check'])(
  'finds the mutant: %s',
  { timeout: 120_000 },
  async (mutant) => {
    const found = await fc.check(
      fc.asyncProperty(fc.scheduler(), anySeed, async (scheduler, random) => {
        return (await simulateEvents(scheduler, random, mutant)).faults.length === 0;
      }),
      { numRuns: runs, seed, endOnFailure: true },
    );
    expect(found.failed).toBe(true);
  },
);
