import type { Expected } from './conformance/case.ts';

const oneTrace = '4bf92f3577b34da6a3ce929d0e0e4736';

/** What Envoy answers otherwise than the list of cases says, and nowhere else is written: by group and name of the case. */
export const envoyExpected: Readonly<Record<string, Partial<Expected>>> = {
  // It knows no longest life; the services do.
  'JWT: a life of more than 900 seconds': { status: 200, code: undefined, headers: {}, seen: { service: 'one' } },
  // It joins them to one header, which is no token.
  'JWT: two Authorization headers': { status: 401, code: 'INVALID_TOKEN' },
  'hygiene and smuggling: two hosts': { status: 421 },
  'hygiene and smuggling: a target in absolute form': { status: 404 },
  // One clean header reaches the service.
  'hygiene and smuggling: a folded header': { status: 200, seen: { headers: { 'x-a': 'a b' } } },
  'hygiene and smuggling: a trace in upper case begins anew without its state': {
    seen: { headers: { traceparent: new RegExp(`^00-${oneTrace}-`, 'i'), tracestate: 'a=1' } },
  },
};
