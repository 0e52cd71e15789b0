import pg from 'pg';

type Parse = (text: string) => unknown;

const oid = { int8: 20, numeric: 1700, date: 1082, timestamp: 1114, timestamptz: 1184, interval: 1186 } as const;
const arrayOf: Readonly<Record<number, number>> = {
  1016: 20,
  1231: 1700,
  1182: 1082,
  1115: 1114,
  1185: 1184,
  1187: 1186,
};
const textArray: number = 1009;

const scalars: Readonly<Record<number, Parse>> = {
  [oid.int8]: parseInteger,
  [oid.numeric]: String,
  [oid.date]: String,
  [oid.timestamp]: String,
  [oid.timestamptz]: parseTimestamp,
  [oid.interval]: String,
};

/** Parsers of all pools: int8 → number, numeric and date → text, timestamptz → ISO text with microseconds. */
export const types: pg.CustomTypesConfig = {
  getTypeParser(id: number, format?: 'text' | 'binary') {
    const scalar = scalars[id];
    if (scalar !== undefined) return scalar;
    const element = arrayOf[id];
    if (element !== undefined) return arrayParser(element);
    return pg.types.getTypeParser(id, format as 'text');
  },
} as pg.CustomTypesConfig;

function arrayParser(element: number): Parse {
  const parseTexts = pg.types.getTypeParser(textArray, 'text') as (text: string) => unknown[];
  const parse = scalars[element] ?? String;
  const each = (value: unknown): unknown => {
    if (value === null) return null;
    return Array.isArray(value) ? value.map(each) : parse(value as string);
  };
  return (text) => parseTexts(text).map(each);
}

function parseInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError(`int8 value ${text} does not fit a number`);
  return value;
}

/** `2026-01-02 03:04:05.678901+00` → `2026-01-02T03:04:05.678901Z`; exact, where a Date would drop microseconds. */
function parseTimestamp(text: string): string {
  if (text.endsWith('+00')) return `${text.slice(0, 10)}T${text.slice(11, -3)}Z`;
  const match = /^(\d{4,}-\d\d-\d\d) (\d\d:\d\d:\d\d(?:\.\d+)?)([+-]\d\d)(?::?(\d\d))?(?::\d\d)?$/.exec(text);
  if (match === null) return text;
  return `${match[1]}T${match[2]}${match[3]}:${match[4] ?? '00'}`;
}
