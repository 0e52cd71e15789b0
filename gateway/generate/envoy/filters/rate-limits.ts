import type { Route } from '../../../routing/route-schema.ts';
import { any, extension, type Data } from '../any.ts';
import { innerClusters, placeholder } from '../placeholders.ts';

const name = 'rate-limit';

/** Asks the edge, which knows policies and costs. Away or slow it denies nothing. */
export function rateLimit(): Data {
  return extension(name, 'envoy.extensions.filters.http.ratelimit.v3.RateLimit', {
    domain: 'idp',
    timeout: placeholder.limitsTimeout,
    failure_mode_deny: false,
    rate_limit_service: {
      transport_api_version: 'V3',
      grpc_service: {
        envoy_grpc: { cluster_name: innerClusters.limits },
        initial_metadata: [{ key: 'x-request-id', value: '%REQ(X-REQUEST-ID)%' }],
      },
    },
  });
}

/** What the edge is told of a request on this route: who calls from where, and which class of request it is. */
export function rateLimitOf(route: Route): Data {
  if (route.rateClass === 'none') return {};
  const request = [
    generic('class', route.rateClass),
    generic('route', route.id),
    { request_headers: { header_name: ':method', descriptor_key: 'method' } },
    { masked_remote_address: { v4_prefix_mask_len: 32, v6_prefix_mask_len: 64 } },
    ...(route.backstage ? [generic('mount', route.path), pathEntry] : []),
  ];
  const token = [fromToken('tenant', 'tid'), fromToken('subject', 'sub')];
  const key = ['tenant', 'subject', 'key', 'rate-policy'].map(fromKey);
  return {
    [name]: any('envoy.extensions.filters.http.ratelimit.v3.RateLimitPerRoute', {
      rate_limits: [request, token, key].map((actions) => ({ actions })),
    }),
  };
}

const pathEntry: Data = { request_headers: { header_name: ':path', descriptor_key: 'path' } };

function generic(descriptor_key: string, descriptor_value: string): Data {
  return { generic_key: { descriptor_key, descriptor_value } };
}

/** A descriptor with an entry that is not there is left out. */
function fromToken(descriptor_key: string, claim: string): Data {
  return metadata(descriptor_key, 'envoy.filters.http.jwt_authn', ['jwt_payload', claim]);
}

function fromKey(fact: string): Data {
  return metadata(fact.replace('-', '_'), 'envoy.filters.http.ext_authz', [`x-ext-auth-${fact}`]);
}

function metadata(descriptor_key: string, key: string, path: readonly string[]): Data {
  return {
    metadata: {
      source: 'DYNAMIC',
      descriptor_key,
      metadata_key: { key, path: path.map((segment) => ({ key: segment })) },
    },
  };
}
