import type { EdgeChange, StoredEdge } from '../../store/edges.ts';
import type { RefRow } from '../../store/refs.ts';
import type { PlannedChange } from './plan-changes.ts';

export interface EdgePlan {
  opened: EdgeChange[];
  closed: EdgeChange[];
  /** Numbers of the other ends, by number of the changed entity. */
  related: Map<number, number[]>;
}

/** Compares what changed documents say of relations with what stands. `seqOf` gives the number of a change. */
export function planEdges(input: {
  changes: readonly PlannedChange[];
  stored: readonly StoredEdge[];
  numbers: ReadonlyMap<string, RefRow>;
  seqOf: (no: number) => number;
}): EdgePlan {
  const plan: EdgePlan = { opened: [], closed: [], related: new Map() };
  const storedByOrigin = Map.groupBy(input.stored, (edge) => edge.origin);
  for (const change of input.changes) {
    if (!change.processed && change.op !== 'deleted') continue;
    const seq = input.seqOf(change.no);
    const wanted = new Map(wantedEdges(change, input.numbers).map((edge) => [keyOf(edge), edge]));
    const standing = new Map((storedByOrigin.get(change.no) ?? []).map((edge) => [keyOf(edge), edge]));
    const opened = [...wanted].filter(([key]) => !standing.has(key)).map(([, edge]) => edge);
    const closed = [...standing].filter(([key]) => !wanted.has(key)).map(([, edge]) => edge);
    plan.opened.push(...opened.map((edge) => ({ ...edge, seq })));
    plan.closed.push(...closed.map((edge) => ({ ...edge, seq })));
    const ends = new Set([...opened, ...closed].flatMap((edge) => [edge.from, edge.to]));
    ends.delete(change.no);
    if (ends.size > 0)
      plan.related.set(
        change.no,
        [...ends].sort((a, b) => a - b),
      );
  }
  return plan;
}

function wantedEdges({ processed, no }: PlannedChange, numbers: ReadonlyMap<string, RefRow>): StoredEdge[] {
  return (processed?.edges ?? []).map(({ pairId, from, to }) => {
    return { origin: no, pairId, from: numberOf(from, numbers), to: numberOf(to, numbers) };
  });
}

function numberOf(ref: string, numbers: ReadonlyMap<string, RefRow>): number {
  const row = numbers.get(ref);
  if (!row) throw new TypeError(`no number for ${ref}`);
  return row.no;
}

function keyOf({ pairId, from, to }: StoredEdge): string {
  return `${pairId} ${from} ${to}`;
}
