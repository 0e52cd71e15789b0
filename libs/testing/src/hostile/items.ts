import { readFileSync } from 'node:fs';

/** The classes of hostile inputs that run over every operation of every service. */
export const hostileClasses = ['strings', 'http'] as const;
export type HostileClass = (typeof hostileClasses)[number];

/** A value form of the data's README: text with «names», or an object with a `$` member, or plain JSON. */
export type Form = unknown;

export type FieldSort =
  | 'text'
  | 'name'
  | 'slug'
  | 'email'
  | 'url'
  | 'uuid'
  | 'integer'
  | 'number'
  | 'boolean'
  | 'date'
  | 'datetime'
  | 'enum'
  | 'object'
  | 'array'
  | 'search';

export interface SendStep {
  send: Form;
  as?: string;
  headers?: Readonly<Record<string, Form>>;
  body?: Form;
  rawBody?: Form;
  contentType?: string | null;
  multipart?: unknown;
  via?: 'gateway' | 'service';
  parallel?: number;
}

export type HostileInput =
  | { kind: 'value'; field: FieldSort; value: Form }
  | { kind: 'pair'; field: FieldSort; first: string; second: string }
  | { kind: 'body'; body?: Form; add?: Readonly<Record<string, Form>>; into?: 'yaml' }
  | { kind: 'query'; add: Readonly<Record<string, string>> }
  | ({ kind: 'request' } & SendStep)
  | { kind: 'raw'; bytes: Form }
  | { kind: 'steps'; steps: readonly (SendStep & Readonly<Record<string, unknown>>)[] }
  | { kind: 'load'; sockets?: number; send?: string; rate?: number; websockets?: number; as?: string; seconds?: number }
  | { kind: 'websocket' };

export interface Expectation {
  status?: readonly number[];
  code?: readonly string[];
  orClosed?: boolean;
  orExact?: boolean;
  pair?: 'collide' | 'distinct' | 'sameOrDistinct';
  last?: { status?: readonly number[] };
  absent?: readonly Form[];
  absentHeaders?: readonly string[];
  absentInLogs?: readonly string[];
  absentCanary?: string;
  withinMs?: number;
  actsAs?: string;
  facts?: Readonly<Record<string, unknown>>;
}

export interface HostileItem {
  id: string;
  input: HostileInput;
  expect: Expectation;
}

const folder = new URL('../../data/hostile/', import.meta.url);

/** The items of one class, as the data file has them. */
export function hostileItems(name: HostileClass): readonly HostileItem[] {
  return JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as HostileItem[];
}
