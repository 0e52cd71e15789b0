import { readFileSync } from 'node:fs';
import type { EachInput } from './each/input.ts';
import type { TokenChanges } from './tokens/forge.ts';

/** The classes of hostile inputs that run over every operation of every service. */
export const hostileClasses = ['strings', 'http', 'tokens', 'credentials', 'tenancy'] as const;
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

/** Rules of a role, and what is asked of whoever holds it. */
export interface DecisionInput {
  kind: 'decision';
  rules: readonly { permission: string; effect: string; condition?: string }[];
  resource: { attributes: Readonly<Record<string, unknown>> };
  /** Default `catalog:entity:read`. */
  permission?: string;
}

/** A record of the bus that no producer would write, or the lack of any. */
export interface EventInput {
  kind: 'event';
  topic: string;
  make: 'head' | 'one-write' | 'two-writes' | 'silence' | 'TeamCreated' | 'raw';
  change?: Readonly<Record<string, string | number>>;
  tenant?: 'A' | 'B';
  seconds?: number;
  ceType?: string;
  bytes?: Form;
}

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
  /** Follows the cursors of the answers to the last page. */
  allPages?: boolean;
}

/** A step of a story; one of `send`, `refresh`, `together`, `clock`, `arrange`, or another kind that needs more of the platform. */
export type StoryStep = Partial<SendStep> & {
  times?: number;
  save?: string;
  status?: readonly number[];
  together?: readonly StoryStep[];
  clock?: string;
  arrange?: string;
  refresh?: string;
  /** A dependency of the platform, and what becomes of it. */
  fault?: string;
  state?: string;
} & Readonly<Record<string, unknown>>;

export type HostileInput =
  | { kind: 'value'; field: FieldSort; value: Form }
  | { kind: 'pair'; field: FieldSort; first: string; second: string }
  | { kind: 'body'; body?: Form; add?: Readonly<Record<string, Form>>; into?: 'yaml' }
  | { kind: 'query'; add: Readonly<Record<string, string>> }
  | ({ kind: 'request' } & SendStep)
  | { kind: 'raw'; bytes: Form }
  | { kind: 'steps'; steps: readonly StoryStep[]; needs?: readonly string[] }
  | { kind: 'load'; sockets?: number; send?: string; rate?: number; websockets?: number; as?: string; seconds?: number }
  | { kind: 'websocket' }
  | EachInput
  | DecisionInput
  | EventInput
  | ({ kind: 'token'; use?: string; at?: string } & TokenChanges)
  | {
      kind: 'authorization';
      headers?: readonly string[];
      query?: Readonly<Record<string, Form>>;
      needs?: readonly string[];
    };

export interface Expectation {
  status?: readonly number[];
  code?: readonly string[];
  orClosed?: boolean;
  orExact?: boolean;
  pair?: 'collide' | 'distinct' | 'sameOrDistinct';
  last?: { status?: readonly number[] };
  /** Number of answers by status, `2xx` for a class of them; a pair is least and most. */
  count?: Readonly<Record<string, number | readonly number[]>>;
  /** Steps with statuses of their own, taken afterwards. */
  after?: readonly StoryStep[];
  /** Principals whose rows stay as they are. */
  unchanged?: readonly string[];
  /** Events that come of it. */
  event?: readonly string[];
  absent?: readonly Form[];
  absentHeaders?: readonly string[];
  absentInLogs?: readonly string[];
  absentCanary?: string;
  /** `unknownId`: the answer is the same as for an id that never existed. */
  sameAs?: string;
  withinMs?: number;
  actsAs?: string;
  /** Of a decision. */
  allowed?: boolean;
  /** Attributes of cookies by name; `absentAttributes` are those no cookie has. */
  setCookie?: Readonly<Record<string, readonly string[]>>;
  facts?: Readonly<Record<string, unknown>>;
}

export interface HostileItem {
  id: string;
  input: HostileInput;
  expect: Expectation;
}

const folder = new URL('../../data/hostile/', import.meta.url);

/** Of class `credentials`: passwords, factors, mails and identities of other issuers have no routes yet. */
const servedCredentials =
  /^credentials\/(session|cookie|user-disabled|revoke|logout|refresh|change-password|key|rotate|old-key|demote|two-owners|invite-existing|switch|setup)/;

/** The items of one class that are run, as the data file has them. */
export function hostileItems(name: HostileClass): readonly HostileItem[] {
  const items = JSON.parse(readFileSync(new URL(`${name}.json`, folder), 'utf8')) as HostileItem[];
  return name === 'credentials' ? items.filter(({ id }) => servedCredentials.test(id)) : items;
}

/**
 * Items of class `http` that speak to a gateway and to nobody else: of limits, and of paths without a version. Such a path that is an alias has
 * the version of its target, whatever the header says (gateway §3.9), so that another one of the same service stands in for it.
 */
export function itemsOfGateways(): readonly HostileItem[] {
  return hostileItems('http').flatMap(({ input, ...item }): HostileItem[] => {
    if (item.id === 'http/api-version-999' && input.kind === 'request')
      return [{ ...item, input: { ...input, send: 'GET /api/auth/sessions', via: 'gateway' } }];
    return input.kind === 'load' && input.rate !== undefined ? [{ ...item, input }] : [];
  });
}

/** Dependencies of the platform that fail in an item. */
export function faultsOf({ input }: HostileItem): readonly string[] {
  return input.kind === 'steps' ? input.steps.flatMap(({ fault }) => (fault === undefined ? [] : [fault])) : [];
}
