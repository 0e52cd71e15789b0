import type { Route } from '../../../routing/route-schema.ts';
import { any, type Data } from '../any.ts';
import { innerClusters, placeholder } from '../placeholders.ts';
import { anyOf, hasApiKey, isOptions, not, skippedWhen } from './matching.ts';

const name = 'key-check';

/** API keys are looked up by the edge. Its answer is the caller, as metadata, or the whole refusal. */
export function keyCheck(): Data {
  return skippedWhen(name, filter, anyOf(isOptions, not(hasApiKey)));
}

/** Settings of a route. */
export function keyCheckOf({ auth }: Pick<Route, 'auth'>): Data {
  return auth === 'public' ? { [name]: any('envoy.config.route.v3.FilterConfig', { disabled: true }) } : {};
}

const exact = (names: readonly string[]): Data => ({ patterns: names.map((text) => ({ exact: text })) });

const filter = any('envoy.extensions.filters.http.ext_authz.v3.ExtAuthz', {
  http_service: {
    server_uri: { uri: 'http://localhost', cluster: innerClusters.authz, timeout: placeholder.keysTimeout },
    path_prefix: '/internal/authz/check',
    authorization_request: {
      headers_to_add: [{ key: 'x-client-address', value: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%' }],
    },
    authorization_response: {
      dynamic_metadata_from_headers: { patterns: [{ prefix: 'x-ext-auth-' }] },
      allowed_client_headers: {
        patterns: [
          ...(exact(['content-type', 'www-authenticate', 'retry-after', 'x-error-code']).patterns as Data[]),
          { prefix: 'ratelimit' },
        ],
      },
    },
  },
  allowed_headers: exact(['authorization', 'x-request-id', 'traceparent']),
  status_on_error: { code: 503 },
});
