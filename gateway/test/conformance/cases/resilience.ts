import type { Case, Expected } from '../case.ts';

const key = { 'Idempotency-Key': 'one-and-the-same' };

/** A request whose first attempt fails; `times` is how often the service gets it where attempts are repeated. */
function attempts(
  name: string,
  send: { method?: string; path: string; headers?: Record<string, string>; body?: string },
  times: number,
  failure: { expect: Expected; alone: Expected },
): Case {
  return {
    name,
    send,
    needs: 'retries',
    expect: { ...failure.expect, seen: { times } },
    without: { ...failure.alone, seen: { times: 1 } },
  };
}

const broken = { expect: { status: 502, code: 'UPSTREAM_ERROR' }, alone: { status: 0 } };
const busy = { expect: { status: 503, code: 'OF_THE_SERVICE' }, alone: { status: 503, code: 'OF_THE_SERVICE' } };
const failed = { expect: { status: 500, code: 'OF_THE_SERVICE' }, alone: { status: 500, code: 'OF_THE_SERVICE' } };
const post = { method: 'POST', body: '{}' };

export const resilience: readonly Case[] = [
  attempts('a GET that is reset comes once more', { path: '/api/v1/open/reset' }, 2, broken),
  attempts('a HEAD that is reset comes once more', { method: 'HEAD', path: '/api/v1/open/reset' }, 2, {
    expect: { status: 502 },
    alone: { status: 0 },
  }),
  attempts('a POST that is reset comes once', { ...post, path: '/api/v1/open/reset' }, 1, broken),
  attempts('a POST with a key comes once more', { ...post, path: '/api/v1/open/reset', headers: key }, 2, broken),
  attempts(
    'a DELETE with a key comes once more',
    { method: 'DELETE', path: '/api/v1/open/reset', headers: key },
    2,
    broken,
  ),
  attempts('a GET of a route without retries comes once', { path: '/api/v1/once/reset' }, 1, broken),
  attempts('a service that says when to come back is asked once more', { path: '/api/v1/open/busy' }, 2, busy),
  attempts('a POST is not, although the service says so', { ...post, path: '/api/v1/open/busy' }, 1, busy),
  attempts('a service that does not say so is not asked again', { path: '/api/v1/open/status/503' }, 1, busy),
  attempts('a service that fails is not asked again', { path: '/api/v1/open/status/500' }, 1, failed),
  attempts('an answer that breaks off is not repeated', { path: '/api/v1/open/half' }, 1, {
    expect: { status: 200 },
    alone: { status: 200 },
  }),
  {
    name: 'the second attempt says that it is one',
    send: { path: '/api/v1/open/once-busy' },
    needs: 'retries',
    expect: { status: 200, body: { headers: { 'x-envoy-attempt-count': '2' } } },
    without: { status: 503 },
  },
];
