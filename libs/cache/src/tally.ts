import type { Metrics } from '@idp/telemetry';

type Counter = ReturnType<Metrics['counter']> & { collect?: () => void };

const tallies = new WeakMap<Counter, Set<() => void>>();

/**
 * Counts in plain numbers until somebody reads the counter: finding it by its labels takes longer than what is counted here.
 * Answers the function that counts one more.
 */
export function tally(counter: Counter, labels: Record<string, string>): () => void {
  let count = 0;
  onCollect(counter, () => {
    if (count > 0) counter.inc(labels, count);
    count = 0;
  });
  return () => void (count += 1);
}

/** Several parts of one service count with the same counter. */
function onCollect(counter: Counter, collect: () => void): void {
  const known = tallies.get(counter);
  if (known !== undefined) {
    known.add(collect);
    return;
  }
  const all = new Set([collect]);
  tallies.set(counter, all);
  counter.collect = () => {
    for (const each of all) each();
  };
}
