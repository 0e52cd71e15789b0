import { UnavailableError } from '@idp/errors';

const timeoutMs = 2_000;
const answerBytesMax = 256 * 1024;

/** One call to the auth service: 2 s, no redirect; a `body` makes it a POST of JSON. */
export async function callAuth(
  url: string,
  { headers = {}, body }: { headers?: Record<string, string>; body?: unknown } = {},
): Promise<Response> {
  return fetch(url, {
    headers: {
      accept: 'application/json',
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    redirect: 'error',
    signal: AbortSignal.timeout(timeoutMs),
    ...(body !== undefined && { method: 'POST', body: JSON.stringify(body) }),
  });
}

/** The JSON of a successful answer; throws for any other status and for more than 256 KiB. */
export async function bodyOf(response: Response): Promise<unknown> {
  if (response.status !== 200) throw new Error(`auth answered ${response.status}`);
  const text = await response.text();
  if (text.length > answerBytesMax) throw new Error('auth answered more than 256 KiB');
  return JSON.parse(text);
}

/** 503 `UNAVAILABLE` for whatever goes wrong on the way. */
export async function reachingAuth<T>(call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (cause) {
    throw new UnavailableError('the auth service cannot be reached', { cause });
  }
}
