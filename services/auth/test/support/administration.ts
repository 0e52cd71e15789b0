import { expect } from 'vitest';
import type { Answer } from './http-client.ts';
import { signIn, type Person } from './people.ts';
import type { RunningAuth } from './running-auth.ts';

/** Calls as one person. */
export interface Caller {
  get(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** With `{}` unless a body is given; `null` sends none. */
  post(path: string, body?: unknown, headers?: Record<string, string>): Promise<Answer>;
  put(path: string, body: unknown): Promise<Answer>;
  patch(path: string, body: unknown, headers?: Record<string, string>): Promise<Answer>;
  delete(path: string, headers?: Record<string, string>): Promise<Answer>;
  /** The answer's `data`, once its status is 200 or 201. */
  make(path: string, body: unknown): Promise<Record<string, never> & { id: string; version: number }>;
  token: string;
}

/** Signs in and calls with that token from then on. */
export async function callerFor(
  auth: RunningAuth,
  person: Pick<Person, 'email' | 'password'>,
  tenant?: string,
): Promise<Caller> {
  const { accessToken: token } = await signIn(auth, person, tenant);
  const call = (method: string, path: string, body?: unknown, headers: Record<string, string> = {}) =>
    auth.request(method, path, { token, headers, ...(body !== undefined && { body }) });
  return {
    token,
    get: (path, headers) => call('GET', path, undefined, headers),
    post: (path, body = {}, headers = {}) => call('POST', path, body ?? undefined, headers),
    put: (path, body) => call('PUT', path, body),
    patch: (path, body, headers) => call('PATCH', path, body, headers),
    delete: (path, headers) => call('DELETE', path, undefined, headers),
    async make(path, body) {
      const answer = await call('POST', path, body);
      expect([answer.status, answer.text]).toEqual([201, expect.anything()]);
      return answer.body.data;
    },
  };
}

/** Status and error code of an answer. */
export function outcome({ status, body }: Answer): [number, string | undefined] {
  return [status, (body as { error?: { code: string } } | undefined)?.error?.code];
}
