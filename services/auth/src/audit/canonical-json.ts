/**
 * JSON as RFC 8785 has it: members ordered by UTF-16 code units, numbers and texts as ECMAScript writes them, no spaces. Members
 * that are undefined are left out. A lone surrogate, which the RFC forbids, stays the escape that `JSON.stringify` makes of it:
 * what was recorded once can always be sealed.
 */
export function canonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join()}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const members = value as Readonly<Record<string, unknown>>;
  const names = Object.keys(members)
    .filter((name) => members[name] !== undefined)
    .sort();
  return `{${names.map((name) => `${JSON.stringify(name)}:${canonicalJson(members[name])}`).join()}}`;
}
