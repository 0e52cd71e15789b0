/** States above this many bytes of JSON keep their changed paths only. */
const stateBytesMax = 32 * 1024;

type State = Readonly<Record<string, unknown>>;

export interface KeptStates {
  before?: string;
  after?: string;
  truncated: boolean;
}

/** Both states as JSON text: sensitive members redacted, each at most 32 KiB (data.md §2.8). */
export function keepStates(
  before: State | undefined,
  after: State | undefined,
  sensitive: readonly string[],
): KeptStates {
  const hidden = new Set(sensitive);
  const kept = {
    before: before === undefined ? undefined : (redact(before, after, hidden) as State),
    after: after === undefined ? undefined : (redact(after, before, hidden) as State),
  };
  const texts = { before: textOf(kept.before), after: textOf(kept.after) };
  if (fits(texts.before) && fits(texts.after)) return { ...withoutUndefined(texts), truncated: false };
  const changed = changedPaths(before, after);
  const text = JSON.stringify({ changedPaths: changed });
  return {
    ...(kept.before === undefined ? {} : { before: text }),
    ...(kept.after === undefined ? {} : { after: text }),
    truncated: true,
  };
}

/** Sensitive members at any depth become `[redacted]`, or `[redacted:changed]` where the other state differs. */
function redact(value: unknown, other: unknown, hidden: ReadonlySet<string>): unknown {
  if (hidden.size === 0 || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const others = Array.isArray(other) ? other : [];
    return value.map((item, index) => redact(item, others[index], hidden));
  }
  if (Object.getPrototypeOf(value) !== Object.prototype) return value;
  const others: State = typeof other === 'object' && other !== null ? (other as State) : {};
  return Object.fromEntries(
    Object.entries(value).map(([key, member]) => {
      if (!hidden.has(key)) return [key, redact(member, others[key], hidden)];
      const changed = other !== undefined && JSON.stringify(member) !== JSON.stringify(others[key]);
      return [key, changed ? '[redacted:changed]' : '[redacted]'];
    }),
  );
}

function textOf(state: State | undefined): string | undefined {
  return state === undefined ? undefined : JSON.stringify(state);
}

function fits(text: string | undefined): boolean {
  return text === undefined || Buffer.byteLength(text) <= stateBytesMax;
}

/** Paths of members that differ, `a.b`; as many as fit the limit. */
function changedPaths(before: unknown, after: unknown): string[] {
  const paths: string[] = [];
  collect('', before, after, paths);
  let bytes = 32;
  return paths.filter((path) => (bytes += Buffer.byteLength(JSON.stringify(path)) + 1) <= stateBytesMax);
}

function collect(path: string, before: unknown, after: unknown, paths: string[]): void {
  if (isPlain(before) && isPlain(after)) {
    for (const key of new Set([...Object.keys(before), ...Object.keys(after)])) {
      collect(path === '' ? key : `${path}.${key}`, before[key], after[key], paths);
    }
  } else if (JSON.stringify(before) !== JSON.stringify(after)) {
    if (path === '' && (isPlain(before) || isPlain(after))) paths.push(...Object.keys((before ?? after) as State));
    else paths.push(path);
  }
}

function isPlain(value: unknown): value is State {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function withoutUndefined(texts: { before: string | undefined; after: string | undefined }) {
  return {
    ...(texts.before === undefined ? {} : { before: texts.before }),
    ...(texts.after === undefined ? {} : { after: texts.after }),
  };
}
