import { expect, test } from 'vitest';
import fc from 'fast-check';
import {
  crashesMax,
  lossesMax,
  stepAfter,
  type Ending,
  type RunLimits,
  type RunState,
  type Step,
} from './step-after.ts';

const limits: RunLimits = { attemptsMax: 3, backoff: { firstMs: 1_000, maxMs: 3_600_000 }, random: () => 0.5 };
const endings = fc.oneof(
  fc.constantFrom('done', 'failed', 'permanent', 'crashed', 'lost', 'returned').map((kind) => ({ kind }) as Ending),
  fc.tuple(fc.constantFrom('again', 'later'), fc.nat(100_000)).map(([kind, delayMs]) => ({ kind, delayMs }) as Ending),
);
const states: fc.Arbitrary<RunState> = fc.record({
  attempts: fc.nat(2),
  crashes: fc.nat(crashesMax - 1),
  losses: fc.nat(lossesMax),
  hasNext: fc.boolean(),
  cancelled: fc.boolean(),
  begun: fc.boolean(),
});

/** The rules of data.md §2.12 as one line each; the names of those that a step breaks. */
function broken(state: RunState, ending: Ending, step: Step): string[] {
  const { kind } = ending;
  const dies =
    kind === 'permanent' ||
    (kind === 'failed' && state.attempts + 1 >= limits.attemptsMax) ||
    (kind === 'crashed' && state.begun && state.crashes + 1 === crashesMax) ||
    (kind === 'lost' && state.losses + 1 >= lossesMax) ||
    (kind === 'crashed' && state.losses >= lossesMax);
  const same = step.to === 'pending' && !step.next ? step : undefined;
  const blamed = kind === 'crashed' && state.begun ? 1 : 0;
  const waits = ending.kind === 'again' || ending.kind === 'later' ? ending.delayMs : 0;
  const rules: Record<string, boolean> = {
    'only what is done or cancelled is gone': step.to !== 'gone' || kind === 'done' || state.cancelled,
    'what is done or cancelled is gone': !(kind === 'done' || state.cancelled) || state.hasNext || step.to === 'gone',
    'a newer payload is never lost':
      !state.hasNext || (step.to === 'dead' ? step.followUp : step.to !== 'gone' && step.next),
    'no payload is made up': state.hasNext || (step.to === 'dead' ? !step.followUp : step.to === 'gone' || !step.next),
    'dead is what must be, and nothing else': (step.to === 'dead') === (dies && !state.cancelled),
    'limits hold': step.to !== 'pending' || (step.crashes < crashesMax && step.attempts < limits.attemptsMax),
    'crashes use up no attempt': kind !== 'crashed' || !same || same.attempts === state.attempts,
    'only what had begun is blamed': kind === 'again' || !same || same.crashes === state.crashes + blamed,
    'a lost lease is neither a crash nor a try':
      kind !== 'lost' || !same || (same.crashes === state.crashes && same.attempts === state.attempts),
    'losses are counted in a row': !same || same.losses === lossesAfter(kind, state.losses),
    'what was there is suspect': !same || same.suspect === (kind === 'crashed'),
    'a failure uses up one attempt': kind !== 'failed' || !same || same.attempts === state.attempts + 1,
    'later and a stop use up none': !['later', 'returned'].includes(kind) || !same || same.attempts === state.attempts,
    'again begins anew': kind !== 'again' || !same || same.attempts + same.crashes === 0,
    'pauses are those asked for': ['failed', 'lost'].includes(kind) || !same || same.delayMs === waits,
  };
  return Object.keys(rules).filter((rule) => rules[rule] === false);
}

function lossesAfter(kind: Ending['kind'], before: number): number {
  if (kind === 'lost') return before + 1;
  return kind === 'crashed' ? before : 0;
}

test('every ending of every run goes where the rules say', () => {
  fc.assert(
    fc.property(states, endings, (state, ending) => {
      expect(broken(state, ending, stepAfter(state, ending, limits))).toEqual([]);
    }),
    { numRuns: 3_000 },
  );
});

test('a job that only fails, crashes and loses its lease comes to an end', () => {
  fc.assert(
    fc.property(fc.infiniteStream(fc.constantFrom('failed', 'crashed', 'lost')), (kinds) => {
      let state: RunState = { attempts: 0, crashes: 0, losses: 0, hasNext: false, cancelled: false, begun: true };
      let runs = 0;
      for (const kind of kinds) {
        const step = stepAfter(state, { kind } as Ending, limits);
        runs += 1;
        if (step.to !== 'pending') break;
        state = { ...state, attempts: step.attempts, crashes: step.crashes, losses: step.losses };
      }
      // Losses are counted in a row: between two of the others there may be as many.
      expect(runs).toBeLessThan((limits.attemptsMax + crashesMax) * lossesMax);
    }),
  );
});

test('pauses double from the first to the longest, within 20 %', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 30 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempts, random) => {
      const state = { attempts, crashes: 0, losses: 0, hasNext: false, cancelled: false, begun: true };
      const step = stepAfter(state, { kind: 'failed' }, { ...limits, attemptsMax: 100, random: () => random });
      const middle = Math.min(3_600_000, 1_000 * 2 ** attempts);
      const delayMs = step.to === 'pending' ? step.delayMs : Number.NaN;
      expect(delayMs).toBeGreaterThanOrEqual(middle * 0.8);
      expect(delayMs).toBeLessThanOrEqual(middle * 1.2 + 1e-6);
    }),
  );
});
