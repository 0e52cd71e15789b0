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

/** What only some targets do. */
export type Capability = 'compression' | 'retries' | 'ejection' | 'websocket' | 'body-counted' | 'timeouts';

/** What has to come back and what a service has to have seen. */
export interface Expected {
  status: number;
  /** Code of the platform's error envelope. */
  code?: string;
  /** Exact text, pattern, or null for a header that must not be there. */
  headers?: Readonly<Record<string, string | RegExp | null>>;
  /** What the one request a service got looked like; null when none may have got it. */
  seen?: ExpectedRequest | null;
  /** What the answer's JSON holds. */
  body?: object;
}

export interface ExpectedRequest {
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
  /** The answer of every target, but for what `envoy-expected.ts` says. */
  expect: Expected;
  /** Needed of the target; one that has it not gives the answer `without`. */
  needs?: Capability;
  without?: Expected;
  /** Further looks at the answer. */
  check?: (answer: Answer, context: { target: Target; seen: readonly Seen[] }) => void | Promise<void>;
}

export interface Group {
  name: string;
  cases: readonly Case[];
}
