import type { HuntedMutant } from '../../libs/testing/src/mutation/report.ts';
import type { Kind } from './options.ts';

export type HuntedKind = HuntedMutant & { kind: Kind };

/** One line for a mutant: what noticed it, or that nobody did. */
export function lineOf({ name, noticed }: HuntedMutant): string {
  if (noticed.length === 0) return `SURVIVED ${name}`;
  return `killed ${name}: ${noticed.map(({ by, what }) => `${by}: ${what}`).join('; ')}`;
}

/** The last lines: how many of each kind, what noticed them, and a verdict in the form of a test run. */
export function summaryOf(hunted: readonly HuntedKind[], seconds: number): string[] {
  const kinds = [...new Set(hunted.map(({ kind }) => kind))];
  const lines = kinds.map((kind) => {
    const own = hunted.filter((mutant) => mutant.kind === kind);
    const witnesses = new Map<string, number>();
    for (const { noticed } of own) {
      const by = [...new Set(noticed.map((each) => each.by))].join(' and ') || 'nobody';
      witnesses.set(by, (witnesses.get(by) ?? 0) + 1);
    }
    const counts = [...witnesses].map(([by, count]) => `${count} by ${by}`).join(', ');
    return `${kind}: ${own.length} mutants, noticed ${counts}`;
  });
  const survivors = hunted.filter(({ noticed }) => noticed.length === 0).length;
  return [...lines, `${hunted.length - survivors} passed, ${survivors} failed (${seconds} s)`];
}
