import { MissingError } from '../missing.ts';
import type { Form } from '../items.ts';
import { fillNames, swapCase } from './names.ts';
import type { Names } from './names.ts';

/** Text that goes into a JSON body as it is, without quotes. */
export class RawJson {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What the field a value goes into knows about itself, for the forms that change a valid value, and the time it is made for. */
export interface FieldContext {
  validEnum?: string;
  takenName?: string;
  /** Milliseconds of the epoch; default the machine's. */
  now?: (() => number) | undefined;
}

type Make = (argument: never, names: Names, field: FieldContext) => unknown;

const makers: Readonly<Record<string, Make>> = {
  $repeat: ([part, times]: [Form, number], names) => text(part, names).repeat(times),
  $concat: concat,
  $list: ([part, times]: [Form, number], names) => Array.from({ length: times }, () => makeValue(part, names)),
  $members: (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_none, index) => [`m${index}`, index])),
  $nest: ([open, times, close, inner]: [string, number, string, string?]) =>
    `${open.repeat(times)}${inner ?? ''}${close.repeat(times)}`,
  $lines: ([line, count]: [string, number]) =>
    Array.from({ length: count }, (_none, index) => `${line.replaceAll('«n»', String(index))}\r\n`).join(''),
  $base64: (encoded: string) => Buffer.from(encoded, 'base64'),
  $rawJson: (json: string) => new RawJson(json),
  $now: (seconds: number, _names, { now = Date.now }) => new Date(now() + seconds * 1_000).toISOString(),
  $case: (_how: 'swap', _names, { validEnum }) => swapCase(known(validEnum, 'a valid enum value')),
  $name: (_of: 'of A', _names, { takenName }) => known(takenName, 'a name that is taken'),
};

/**
 * Makes a value out of its form. Strings lose their «names»; objects with one `$` member are made; everything else is taken member by
 * member. Yields text, JSON values, {@link RawJson} or bytes. Throws {@link MissingError} for what the fixture lacks.
 */
export function makeValue(form: Form, names: Names, field: FieldContext = {}): unknown {
  if (typeof form === 'string') return fillNames(form, names);
  if (Array.isArray(form)) return form.map((part: Form) => makeValue(part, names, field));
  if (form === null || typeof form !== 'object') return form;
  const entries = Object.entries(form);
  const [first] = entries;
  const isMade = entries.length === 1 && first !== undefined && Object.hasOwn(makers, first[0]);
  const make = isMade ? makers[first[0]] : undefined;
  if (make !== undefined && first !== undefined) return make(first[1] as never, names, field);
  if (first?.[0].startsWith('$') === true && first[0] !== '$ne')
    throw new MissingError('capability', `form ${first[0]}`);
  return Object.fromEntries(entries.map(([key, value]) => [fillNames(key, names), makeValue(value, names, field)]));
}

/** A form that must be text. */
export function text(form: Form, names: Names): string {
  const value = makeValue(form, names);
  if (typeof value !== 'string') throw new TypeError(`not a text: ${JSON.stringify(form).slice(0, 80)}`);
  return value;
}

/** The bytes of a body or of a socket: text in UTF-8, bytes as they are. */
export function bytes(form: Form, names: Names): Buffer {
  const value = makeValue(form, names);
  if (Buffer.isBuffer(value)) return value;
  return Buffer.from(typeof value === 'string' ? value : toJson(value));
}

/** JSON with {@link RawJson} parts unquoted. */
export function toJson(value: unknown): string {
  const raw: string[] = [];
  const marker = '\ue000raw-json\ue000';
  const json = JSON.stringify(value, (_key, part: unknown) =>
    part instanceof RawJson ? `${marker}${raw.push(part.text) - 1}` : part,
  );
  return json.replace(new RegExp(`"${marker}(\\d+)"`, 'g'), (_whole, index: string) => raw[Number(index)] ?? '');
}

function concat(parts: Form[], names: Names): unknown {
  const made = parts.map((part) => makeValue(part, names));
  if (made.some((part) => Buffer.isBuffer(part))) {
    return Buffer.concat(made.map((part) => (Buffer.isBuffer(part) ? part : Buffer.from(String(part)))));
  }
  return made.join('');
}

function known(value: string | undefined, what: string): string {
  if (value === undefined) throw new MissingError('field', what);
  return value;
}
