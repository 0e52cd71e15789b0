import type { Answer, Message } from './wire.ts';
import type { Issuer } from './targets/issuer.ts';
import type { Seen, Target } from './targets/target.ts';

/** Stands for a valid token: targets have issuers of their own. */
const aToken = '<token>';

/** A header with a valid token. */
export const signed = { authorization: `Bearer ${aToken}` };

/** The message with a token where it says so. */
export async function prepared(send: Case['send'], issuer: Issuer): Promise<Message> {
  const message = typeof send === 'function' ? await send(issuer) : send;
  const text = JSON.stringify(message);
  if (!text.includes(aToken)) return message;
  return JSON.parse(text.replaceAll(aToken, await issuer.token())) as Message;
}

/**
 * What only some targets do: errors of upstreams that break off and hang, second attempts, counting bodies without a length, compression,
 * WebSockets, and finishing answers of services that are not ours.
 */
export type Capability =
  'upstream-errors' | 'retries' | 'counted-bodies' | 'compression' | 'websockets' | 'finished-answers';

/** What has to come back and what a service has to have seen. */
export interface Expected {
  status: number;
  /** Code of the platform's error envelope. */
  code?: string | undefined;
  /** Exact text, pattern, or null for a header that must not be there. */
  headers?: Readonly<Record<string, string | RegExp | null>>;
  /** What each request a service got looked like; null when none may have got it. */
  seen?: ExpectedRequest | null;
  /** What the answer's JSON holds. */
  body?: object;
}

export interface ExpectedRequest {
  /** How many came. Default: 1. */
  times?: number;
  service?: string;
  method?: string;
  url?: string;
  body?: string;
  headers?: Readonly<Record<string, string | RegExp | null>>;
}

export interface Case {
  /** Names the case within its group. */
  name: string;
  /** `signed` in headers becomes a valid token of the target's issuer. */
  send: Message | ((issuer: Issuer) => Message | Promise<Message>);
  /** How often it is sent before, and let through. */
  before?: number;
  /** The answer of every target, but for what `envoy-expected.ts` says. */
  expect: Expected;
  /** Needed of the target; one that has it not gives the answer `without`, to another message where one is named. */
  needs?: Capability;
  without?: Expected & { send?: Case['send'] };
  /** Further looks at the answer, also without the capability. */
  check?: (answer: Answer, context: CheckContext) => void | Promise<void>;
}

export interface CheckContext {
  target: Target;
  seen: readonly Seen[];
  isAble: boolean;
  /** What was sent. */
  message: Message;
}

export interface Group {
  name: string;
  cases: readonly Case[];
}
