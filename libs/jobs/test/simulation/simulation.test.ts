import fc from 'fast-check';
import { expect, it, vi } from 'vitest';
import { simulateJobs } from './simulate.ts';

// Pauses between tries are steps like any other: a clock of the machine would make runs differ.
vi.mock('node:timers/promises', () => ({ setTimeout: async () => undefined }));

const runs = Number(process.env['SIMULATION_RUNS'] ?? 2_000);
/** `SIMULATION_SEED` and `SIMULATION_PATH` of a failure repeat exactly that run. */
const seed = Number(process.env['SIMULATION_SEED'] ?? Date.now() % 2 ** 31);
const path = process.env['SIMULATION_PATH'];

const anySeed = fc.integer({ min: 0, max: 2 ** 32 - 1 });

it(`${runs} runs have every effect once, seed ${seed}`, { timeout: 300_000 }, async () => {
  const seen = { crashes: 0, stale: 0 };
  const leastChaos = path === undefined ? runs / 10 : 0;
  let done = 0;
  await fc.assert(
    fc.asyncProperty(fc.scheduler(), anySeed, async (scheduler, random) => {
      const report = await simulateJobs(scheduler, random);
      seen.crashes += report.crashes;
      seen.stale += report.stale;
      done += 6 - report.dead;
      expect(report.faults).toEqual([]);
    }),
    { numRuns: runs, seed, endOnFailure: true, ...(path === undefined ? {} : { path }) },
  );
  // A simulation without chaos, or one that kills every job, would say nothing.
  for (const times of Object.values(seen)) expect(times).toBeGreaterThanOrEqual(leastChaos);
  expect(done).toBeGreaterThan(leastChaos * 30);
});

it.each([
  ['unfenced finish', { unfenced: true }],
  ['a lost lease is a crash', { silentLoss: true }],
])('finds the mutant: %s', { timeout: 120_000 }, async (_, mutant) => {
  const found = await fc.check(
    fc.asyncProperty(fc.scheduler(), anySeed, async (scheduler, random) => {
      return (await simulateJobs(scheduler, random, mutant)).faults.length === 0;
    }),
    { numRuns: runs, seed, endOnFailure: true },
  );
  expect(found.failed).toBe(true);
});
