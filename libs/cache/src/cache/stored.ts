/** Bytes of the JSON text of the largest value that is kept. */
export const valueBytesMax = 256 * 1024;
/** What stands before the value: `1|<version or ->|<microseconds of Redis when its load began>|<v or n>`. */
export const headBytesMax = 64;

const head = /^1\|(-|\d{1,16})\|\d{1,17}\|([vn])/;

/** A value as it lies in Redis; `json` is undefined for "there is none". */
export interface Stored {
  json: string | undefined;
  version: number | undefined;
}

/** Reads what Redis gave; undefined for bytes that this library did not write. */
export function parseStored(text: string): Stored | undefined {
  const match = head.exec(text);
  if (match === null) return undefined;
  const version = match[1] === '-' ? undefined : Number(match[1]);
  const rest = text.slice(match[0].length);
  if (match[2] === 'n') return rest === '' ? { json: undefined, version } : undefined;
  return rest === '' ? undefined : { json: rest, version };
}

/** The part of a stored value that comes after version and time; those are written by the script. */
export function storedBody(json: string | undefined): string {
  return json === undefined ? 'n' : `v${json}`;
}

/** JSON text of a value; undefined where JSON knows none or it is too large to be kept. */
export function toJson(value: unknown): string | undefined {
  const text = JSON.stringify(value);
  return text === undefined || Buffer.byteLength(text) > valueBytesMax ? undefined : text;
}

/** The value of a JSON text, frozen through and through: everybody who asks gets the same object. */
export function fromJson(text: string): unknown {
  return freeze(JSON.parse(text));
}

function freeze(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  for (const member of Object.values(value)) freeze(member);
  return Object.freeze(value);
}
