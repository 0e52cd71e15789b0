/** Objects seen in answers, flattened, so that ids for a path can be found by the names of its parameters. */
export class Pool {
  readonly #objects: { source: string; members: ReadonlyMap<string, string> }[] = [];

  /**
   * Takes every object inside a JSON answer; members of inner objects count under their own name where it is free.
   * @param source path template of the operation that answered
   */
  add(value: unknown, source: string): void {
    if (Array.isArray(value)) {
      for (const item of value) this.add(item, source);
      return;
    }
    if (value === null || typeof value !== 'object') return;
    for (const member of Object.values(value)) this.add(member, source);
    const members = new Map<string, string>();
    flatten(value as Record<string, unknown>, members);
    this.#objects.push({ source, members });
  }

  /** Values for all these names from one object: the newest of those whose source is nearest to the path that asks. */
  find(names: readonly string[], path: string): Record<string, string> | undefined {
    const fitting = this.#objects.filter(({ members }) => names.every((name) => members.has(name)));
    const [best] = fitting
      .toReversed()
      .toSorted((left, right) => nearness(right.source, path) - nearness(left.source, path));
    return best && Object.fromEntries(names.map((name) => [name, best.members.get(name) ?? '']));
  }

  /** Every different text and number seen, with the names it was seen under. */
  values(): ReadonlyMap<string, ReadonlySet<string>> {
    const values = new Map<string, Set<string>>();
    for (const { members } of this.#objects) {
      for (const [name, value] of members) values.set(value, (values.get(value) ?? new Set<string>()).add(name));
    }
    return values;
  }
}

/** Segments two paths have in common from the start; of two sources with equally many, the one that goes less far astray is nearer. */
function nearness(source: string, path: string): number {
  const [one, other] = [source.split('/'), path.split('/')];
  const different = one.findIndex((segment, index) => segment !== other[index]);
  return different < 0 ? one.length : different - (one.length - different) / 100;
}

function flatten(object: Readonly<Record<string, unknown>>, into: Map<string, string>): void {
  const inner: Record<string, unknown>[] = [];
  for (const [name, value] of Object.entries(object)) {
    if (typeof value === 'string' || typeof value === 'number') {
      if (!into.has(name)) into.set(name, String(value));
    } else if (value !== null && typeof value === 'object' && !Array.isArray(value)) {
      inner.push(value as Record<string, unknown>);
    }
  }
  for (const each of inner) flatten(each, into);
}
