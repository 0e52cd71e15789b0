import type { Node } from './parse.ts';
import type { Call } from './syntax.ts';
import type { LiteralTerm } from './term.ts';

type Constant = Extract<Node['exprKind'], { case: 'constExpr' }>['value'];

const intMax = 2n ** 63n - 1n;

/** Whether a whole number fits CEL's `int`. */
export function isInt(value: bigint): boolean {
  return value >= -intMax - 1n && value <= intMax;
}

/** Whether a text can be stored and compared everywhere: well-formed Unicode without NUL, which PostgreSQL refuses. */
export function isText(value: string): boolean {
  return value.isWellFormed() && !value.includes('\0');
}

/** The term of a literal, or why it is refused. */
export function checkLiteral({ constantKind }: Constant, offset: number): LiteralTerm | string {
  switch (constantKind.case) {
    case 'boolValue':
      return { kind: 'literal', type: 'bool', value: constantKind.value, offset };
    case 'stringValue':
      if (!isText(constantKind.value)) return 'A text holds no NUL character';
      return { kind: 'literal', type: 'string', value: constantKind.value, offset };
    case 'int64Value':
      if (!isInt(constantKind.value)) return 'A number has at most 64 bits';
      return { kind: 'literal', type: 'int', value: constantKind.value, offset };
    case 'nullValue':
      return 'Nothing is null here: has(resource.name) asks whether an attribute is there';
    case 'doubleValue':
    case 'uint64Value':
      return 'Numbers are integers';
    default:
      return 'Conditions have no bytes';
  }
}

/** `timestamp("…")` and `duration("…")` of a text become literals; other arguments are refused. */
export function literalCall({ name, target, args }: Call, offset: number): LiteralTerm | string | undefined {
  if (target !== undefined || (name !== 'timestamp' && name !== 'duration')) return undefined;
  const text = textOf(args);
  const milliseconds = text === undefined ? undefined : (name === 'timestamp' ? parseTimestamp : parseDuration)(text);
  if (milliseconds === undefined) {
    return name === 'timestamp'
      ? 'timestamp() takes one RFC 3339 text of at most milliseconds: timestamp("2026-01-31T12:00:00Z")'
      : 'duration() takes one text of hours, minutes, seconds, milliseconds: duration("1h30m")';
  }
  return { kind: 'literal', type: name, value: milliseconds, offset };
}

function textOf(args: readonly Node[]): string | undefined {
  const [only] = args;
  if (args.length !== 1 || only?.exprKind.case !== 'constExpr') return undefined;
  const { constantKind } = only.exprKind.value;
  return constantKind.case === 'stringValue' ? constantKind.value : undefined;
}

const rfc3339 = /^(\d{4}-\d\d-\d\d)T\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)$/;

/** Milliseconds since 1970 of RFC 3339 text; undefined for another form, a date no calendar has, or finer digits. */
export function parseTimestamp(text: string): bigint | undefined {
  const match = rfc3339.exec(text);
  if (match === null || Number((match[2] ?? '.0').slice(4)) > 0) return undefined;
  const day = match[1] as string;
  const milliseconds = Date.parse(text);
  // The platform takes 31 February for 3 March.
  if (Number.isNaN(milliseconds) || !new Date(`${day}T00:00:00Z`).toISOString().startsWith(day)) return undefined;
  return BigInt(milliseconds);
}

const unitMs: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };

/** Milliseconds of `1h30m`, `90s`, `-1.5s`; undefined for another form or a fraction of a millisecond. */
function parseDuration(text: string): bigint | undefined {
  const match = /^(-?)((?:\d+(?:\.\d+)?(?:h|ms|m|s))+)$/.exec(text);
  if (match === null || text.length > 32) return undefined;
  const parts = [...(match[2] as string).matchAll(/(\d+(?:\.\d+)?)(h|ms|m|s)/g)];
  const total = parts.reduce((sum, [, amount, unit]) => sum + Number(amount) * (unitMs[unit as string] as number), 0);
  const rounded = Math.round(total);
  if (!Number.isSafeInteger(rounded) || Math.abs(total - rounded) > 1e-6) return undefined;
  return BigInt(match[1] === '-' ? -rounded : rounded);
}
