import type { RouteFile } from '../../../routing/route-schema.ts';
import { securityHeaders } from '../../../embedded/pipeline/answer.ts';
import { any, type Data } from '../any.ts';
import { complete, overwrite } from '../headers.ts';
import { placeholder } from '../placeholders.ts';
import { refusal } from './answers.ts';
import { routeEntries } from './entries.ts';

/** Name by which the listener asks for this configuration. */
export const routeConfigName = 'public';

/** All routes of the public hosts, and the answer to other hosts. */
export function routeConfig(file: RouteFile): Data {
  return {
    '@type': 'type.googleapis.com/envoy.config.route.v3.RouteConfiguration',
    name: routeConfigName,
    ignore_port_in_host_matching: false,
    typed_per_filter_config: {
      script: any('envoy.extensions.filters.http.lua.v3.LuaPerRoute', {
        filter_context: { allowedOrigins: placeholder.allowedOrigins },
      }),
    },
    // The trace the script began counts, else the one Envoy began or continued.
    response_headers_to_add: [
      ...overwrite({ 'x-trace-id': '%DYNAMIC_METADATA(idp:newTrace)%' }),
      ...complete({ 'x-trace-id': '%TRACE_ID%', ...securityHeaders }),
    ],
    response_headers_to_remove: ['server', 'x-powered-by', 'x-idp-retriable'],
    virtual_hosts: [
      {
        name: 'public',
        domains: placeholder.domains,
        include_request_attempt_count: true,
        routes: routeEntries(file),
      },
      {
        name: 'misdirected',
        domains: ['*'],
        routes: [
          refusal({ connect_matcher: {} }, 'METHOD_NOT_ALLOWED'),
          refusal({ prefix: '/' }, 'MISDIRECTED_REQUEST'),
        ],
      },
    ],
  };
}
