import { expect } from 'vitest';
import type { Account, Place } from './place.ts';

/** What a request was answered. */
export interface Answer {
  status: number;
  headers: Headers;
  text: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- scenarios look into answers of every shape
  body: any;
}

interface Asked {
  token?: string | undefined;
  body?: unknown;
  headers?: Readonly<Record<string, string>> | undefined;
}

/** One service as somebody reaches it; what is told to be made has the status 201, or 200 where it was there. */
export interface Api {
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  put(path: string, body: unknown): Promise<Answer>;
  patch(path: string, body: unknown): Promise<Answer>;
  delete(path: string): Promise<Answer>;
  make(path: string, body: unknown): Promise<{ id: string; key: string; version: number }>;
}

/** Somebody who calls with one credential. */
export interface Caller {
  token: string;
  auth: Api;
  catalog: Api;
}

/** Somebody who has signed in. */
export interface Person extends Caller {
  id: string;
  account: Account;
  refreshToken: string;
  sessionId: string;
}

export async function send(base: string, method: string, path: string, asked: Asked = {}): Promise<Answer> {
  const { token, body, headers } = asked;
  const response = await fetch(base + path, {
    method,
    headers: {
      ...(token !== undefined && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    signal: AbortSignal.timeout(60_000),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, body: text === '' ? undefined : JSON.parse(text) };
}

function apiOf(base: string, token: string): Api {
  const call = (method: string, path: string, body?: unknown, headers?: Record<string, string>) =>
    send(base, method, path, { token, body, headers });
  return {
    get: (path, headers) => call('GET', path, undefined, headers),
    post: (path, body, headers) => call('POST', path, body, headers),
    put: (path, body) => call('PUT', path, body),
    patch: (path, body) => call('PATCH', path, body),
    delete: (path) => call('DELETE', path),
    async make(path, body) {
      const answer = await call('POST', path, body);
      expect([path, answer.status, answer.text]).toEqual([path, 201, expect.anything()]);
      return answer.body.data;
    },
  };
}

export function callerWith(place: Place, token: string): Caller {
  return { token, auth: apiOf(place.auth, token), catalog: apiOf(place.catalog, token) };
}

export function logIn(place: Place, account: Account & { tenant?: string }): Promise<Answer> {
  const { email, password, tenant } = account;
  return send(place.auth, 'POST', '/api/v1/auth/login', { body: { email, password, ...(tenant && { tenant }) } });
}

export async function signIn(place: Place, account: Account & { tenant?: string }): Promise<Person> {
  const answer = await logIn(place, account);
  expect([account.email, answer.status, answer.text]).toEqual([account.email, 200, expect.anything()]);
  const { accessToken, refreshToken, user } = answer.body.data;
  const sessionId = refreshToken.split('.')[1];
  return { ...callerWith(place, accessToken), id: user.id, account, refreshToken, sessionId };
}

export function refresh(place: Place, refreshToken: string, more: object = {}): Promise<Answer> {
  return send(place.auth, 'POST', '/api/v1/auth/refresh', { body: { refreshToken, ...more } });
}

/** Status and error code of an answer. */
export function outcome({ status, body }: Answer): [number, string | undefined] {
  return [status, body?.error?.code];
}

/** What the catalog makes of a caller. */
export async function statusAtCatalog(caller: Caller): Promise<number> {
  return (await caller.catalog.get('/api/v1/services?limit=1')).status;
}
