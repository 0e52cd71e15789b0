import type { Route } from '../../../routing/route-schema.ts';
import type { Data } from '../any.ts';
import { bodyLimitOf } from '../filters/body-limits.ts';
import { keyCheckOf } from '../filters/key-check.ts';
import { localLimitOf } from '../filters/local-limits.ts';
import { rateLimitOf } from '../filters/rate-limits.ts';
import { tokenCheckOf } from '../filters/token-checks.ts';
import { append, overwrite } from '../headers.ts';
import { refusal } from './answers.ts';
import { headerIs } from './path-match.ts';

/** How a request came to a route. */
export interface Way {
  match: Data;
  /** `regex_rewrite` where the service sees another path. */
  rewrite?: Data;
  /** Headers that say so in the answer. */
  overwritten?: Readonly<Record<string, string>>;
  appended?: Readonly<Record<string, string>>;
}

/** A route and what is the same whichever way a request comes to it. */
export interface ServedRoute {
  route: Route;
  action: Data;
  deadline: Data;
  settings: Data;
}

export function servedRoute(route: Route): ServedRoute {
  const deadline = { 'x-request-deadline-ms': String(route.timeoutMs) };
  return {
    route,
    action: action(route),
    deadline: route.stream === undefined ? { request_headers_to_add: overwrite(deadline) } : {},
    settings: {
      ...bodyLimitOf(route),
      ...tokenCheckOf(route),
      ...keyCheckOf(route),
      ...rateLimitOf(route),
      ...localLimitOf(route),
    },
  };
}

/** The route to a service and, where it lists its methods, the answer to the others. */
export function serviceRoute(served: ServedRoute, way: Way): Data[] {
  const { route } = served;
  if (route.gone) return [refusal(way.match, 'GONE', goneLink(route))];
  const match = route.methods === undefined ? way.match : withMethods(way.match, [...allowedBy(route), 'OPTIONS']);
  const entry = {
    name: route.id,
    match,
    route: way.rewrite === undefined ? served.action : { ...served.action, ...way.rewrite },
    ...answerHeaders(route, way),
    ...served.deadline,
    typed_per_filter_config: served.settings,
  };
  if (route.methods === undefined) return [entry];
  return [entry, refusal(way.match, 'METHOD_NOT_ALLOWED', { allow: allowedBy(route).join(', ') })];
}

function answerHeaders({ deprecation: ending }: Route, { overwritten, appended }: Way): Data {
  const added = [
    ...overwrite(overwritten ?? {}),
    ...append(appended ?? {}),
    ...(ending === undefined ? [] : deprecation(ending)),
  ];
  return added.length === 0 ? {} : { response_headers_to_add: added };
}

function allowedBy({ methods = [] }: Route): string[] {
  return methods.includes('GET') ? [...methods, 'HEAD'] : methods;
}

function withMethods(match: Data, methods: readonly string[]): Data {
  const headers = (match.headers ?? []) as Data[];
  return { ...match, headers: [...headers, headerIs(':method', methods)] };
}

function action({ service, timeoutMs, stream, retry }: Route): Data {
  if (stream !== undefined) {
    const upgrade = stream === 'websocket' ? { upgrade_configs: [{ upgrade_type: 'websocket' }] } : {};
    return { cluster: service, timeout: '0s', idle_timeout: '300s', ...upgrade };
  }
  return {
    cluster: service,
    timeout: seconds(timeoutMs),
    // The timeout begins after the last byte of the request: a body that drips ends here.
    max_stream_duration: { max_stream_duration: seconds(timeoutMs + 5_000) },
    ...(retry === 'none' ? {} : { retry_policy: retries }),
  };
}

/** What changes nothing, or says by its key that it is the same again: once more, and never after the first byte of an answer. */
const retries: Data = {
  retry_on: 'connect-failure,refused-stream,reset,retriable-headers',
  num_retries: 1,
  retriable_headers: [{ name: 'x-idp-retriable', present_match: true }],
  retriable_request_headers: [
    headerIs(':method', ['GET', 'HEAD', 'OPTIONS']),
    { name: 'idempotency-key', present_match: true },
  ],
};

function seconds(ms: number): string {
  return `${ms / 1000}s`;
}

/** RFC 9745 (`Deprecation`, a structured-field date) and RFC 8594 (`Sunset`, an HTTP date). */
function deprecation({ since, sunset, successor }: NonNullable<Route['deprecation']>): Data[] {
  return [
    ...overwrite({ deprecation: `@${Date.parse(since) / 1000}`, sunset: new Date(sunset).toUTCString() }),
    ...append({ link: `<${successor}>; rel="successor-version"` }),
  ];
}

function goneLink({ deprecation: ended }: Route): Record<string, string> {
  return ended === undefined ? {} : { link: `<${ended.successor}>; rel="successor-version"` };
}
