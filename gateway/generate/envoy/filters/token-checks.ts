import type { Route } from '../../../routing/route-schema.ts';
import { any, type Data } from '../any.ts';
import { placeholder } from '../placeholders.ts';
import { anyOf, hasApiKey, hasAuthorization, isOptions, not, skippedWhen } from './matching.ts';

const names = { header: 'jwt-header', cookie: 'jwt-cookie' } as const;

/**
 * Access tokens, in two instances: in one, every token of a request would have to be valid, and a header wins over a
 * cookie, which may have expired.
 */
export function tokenChecks(): Data[] {
  const fromHeader = filterOf({
    from_headers: ['Bearer ', 'bearer ', 'BEARER '].map((value_prefix) => ({ name: 'authorization', value_prefix })),
  });
  const fromCookie = filterOf({ from_cookies: [placeholder.accessCookie] });
  return [
    skippedWhen(names.header, fromHeader, anyOf(isOptions, hasApiKey, not(hasAuthorization))),
    skippedWhen(names.cookie, fromCookie, anyOf(isOptions, hasAuthorization)),
  ];
}

/** Settings of a route for both. */
export function tokenCheckOf({ auth }: Pick<Route, 'auth'>): Data {
  if (auth === 'required') return {};
  const setting =
    auth === 'public'
      ? any('envoy.config.route.v3.FilterConfig', { disabled: true })
      : any('envoy.extensions.filters.http.jwt_authn.v3.PerRouteConfig', { requirement_name: 'optional' });
  return { [names.header]: setting, [names.cookie]: setting };
}

function filterOf(place: Data): Data {
  return any('envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication', {
    providers: { platform: { ...provider, ...place } },
    requirement_map: {
      required: { provider_name: 'platform' },
      optional: { requires_any: { requirements: [{ provider_name: 'platform' }, { allow_missing: {} }] } },
    },
    rules: [{ match: { prefix: '/' }, requirement_name: 'required' }],
  });
}

const provider = {
  issuer: placeholder.issuer,
  audiences: [placeholder.audience],
  clock_skew_seconds: 60,
  forward: true,
  payload_in_metadata: 'jwt_payload',
  jwt_cache_config: { jwt_cache_size: 1000 },
  remote_jwks: {
    http_uri: { uri: 'http://localhost/.well-known/jwks.json', cluster: 'auth', timeout: '2s' },
    // Read again five seconds before: a key that auth publishes is known everywhere within 30 s.
    cache_duration: '30s',
    // The listener opens after the first attempt: with auth there, no token is ever refused for want of keys.
    async_fetch: { failed_refetch_duration: '1s' },
  },
};
