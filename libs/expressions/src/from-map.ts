import { refuse } from './compile/refusal.ts';

/**
 * CEL text of an equality map, the form in which roles of older clients carry conditions:
 * `{"kind": "Component", "owner": ["a", "b"]}` says `resource.kind == "Component" && resource.owner in ["a", "b"]`.
 * Keys name attributes of the resource, or with a dot any attribute (`principal.type`); values are texts, integers,
 * booleans or lists of them. An empty map is no condition: undefined. Throws 422 `CONDITION_INVALID` for other values.
 */
export function conditionFromMap(map: Readonly<Record<string, unknown>>): string | undefined {
  const tests = Object.entries(map).map(([key, value]) => {
    const path = pathOf(key);
    return Array.isArray(value)
      ? `${path} in [${value.map((item) => literal(key, item)).join(', ')}]`
      : `${path} == ${literal(key, value)}`;
  });
  return tests.length === 0 ? undefined : tests.join(' && ');
}

const name = /^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$/;

/** Only names get into the text; whether they are declared is asked when it is compiled. */
function pathOf(key: string): string {
  if (!name.test(key)) return refuse('unknown_attribute', 'A condition names attributes by identifiers');
  return /^(principal|resource|context)\./.test(key) ? key : `resource.${key}`;
}

function literal(key: string, value: unknown): string {
  if (typeof value === 'boolean') return String(value);
  if (typeof value === 'number' && Number.isSafeInteger(value)) return String(value);
  if (typeof value === 'string' && value.isWellFormed()) return JSON.stringify(value);
  return refuse('unsupported', `${key} must be compared with a text, an integer, a boolean or a list of them`);
}
