import { readFileSync } from 'node:fs';
import type { ItemResult } from './outcome.ts';

/** Reason → ids of the items that run nowhere for it. */
export type SkipList = Readonly<Record<string, readonly string[]>>;

const file = new URL('../../data/hostile/skips.json', import.meta.url);

/** The items that cannot run yet, of the committed list. */
export function committedSkips(items: ReadonlySet<string>): SkipList {
  const list = JSON.parse(readFileSync(file, 'utf8')) as SkipList;
  return Object.fromEntries(
    Object.entries(list).map(([reason, ids]) => [reason, ids.filter((id) => items.has(id))] as const),
  );
}

/** The items that ran nowhere, by reason, sorted. */
export function skipsOf(results: readonly ItemResult[]): SkipList {
  const skips = new Map<string, string[]>();
  for (const { item, skipped } of results) {
    if (skipped !== undefined) skips.set(skipped, [...(skips.get(skipped) ?? []), item.id]);
  }
  return Object.fromEntries(
    [...skips].toSorted(([left], [right]) => (left < right ? -1 : 1)).map(([reason, ids]) => [reason, ids.toSorted()]),
  );
}

/** What the committed list gets wrong: items that could run, items it does not know, other reasons. Empty: it is right. */
export function skipDifferences(committed: SkipList, seen: SkipList): readonly string[] {
  const flat = (list: SkipList) =>
    new Map(Object.entries(list).flatMap(([reason, ids]) => ids.map((id) => [id, reason] as const)));
  const [listed, found] = [flat(committed), flat(seen)];
  const stale = [...listed.keys()].filter((id) => !found.has(id)).map((id) => `${id} runs now: take it off the list`);
  const unlisted = [...found]
    .filter(([id]) => !listed.has(id))
    .map(([id, reason]) => `${id} was skipped (${reason}) and is not on the list`);
  const moved = [...found]
    .filter(([id, reason]) => listed.has(id) && listed.get(id) !== reason)
    .map(([id, reason]) => `${id} is skipped for another reason: ${reason}`);
  return [...stale, ...unlisted, ...moved];
}
