/** Objects seen in answers, flattened, so that ids for a path can be found by the names of its parameters. */
export class Pool {
  readonly #objects: ReadonlyMap<string, string>[] = [];

  /** Takes every object inside a JSON answer; members of inner objects count under their own name where it is free. */
  add(value: unknown): void {
    if (Array.isArray(value)) {
      for (const item of value) this.add(item);
      return;
    }
    if (value === null || typeof value !== 'object') return;
    const flat = new Map<string, string>();
    flatten(value as Record<string, unknown>, flat);
    this.#objects.push(flat);
    for (const member of Object.values(value)) this.add(member);
  }

  /** Values for all these names from one object; the newest object wins. */
  find(names: readonly string[]): Record<string, string> | undefined {
    const found = this.#objects.findLast((object) => names.every((name) => object.has(name)));
    return found && Object.fromEntries(names.map((name) => [name, found.get(name) ?? '']));
  }

  /** Every different text and number seen, with the names it was seen under. */
  values(): ReadonlyMap<string, ReadonlySet<string>> {
    const values = new Map<string, Set<string>>();
    for (const object of this.#objects) {
      for (const [name, value] of object) values.set(value, (values.get(value) ?? new Set<string>()).add(name));
    }
    return values;
  }
}

function flatten(object: Readonly<Record<string, unknown>>, into: Map<string, string>): void {
  const inner: Record<string, unknown>[] = [];
  for (const [name, value] of Object.entries(object)) {
    if (typeof value === 'string' || typeof value === 'number') {
      if (!into.has(name)) into.set(name, String(value));
    } else if (value !== null && typeof value === 'object' && !Array.isArray(value))
      inner.push(value as Record<string, unknown>);
  }
  for (const each of inner) flatten(each, into);
}
