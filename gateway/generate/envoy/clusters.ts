import type { RouteFile } from '../../routing/route-schema.ts';
import { any, extension, type Data } from './any.ts';
import { endpointsOf, innerClusters, servicesOf } from './placeholders.ts';

/** One cluster for each service and one for each server that only Envoy calls. */
export function clusters(file: RouteFile): Data[] {
  return [
    ...servicesOf(file).map(serviceCluster),
    http2Cluster(innerClusters.limits),
    http2Cluster(innerClusters.authz),
    cluster(innerClusters.traces, {}),
  ];
}

function cluster(name: string, more: Data): Data {
  return {
    '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
    name,
    // Addresses resolve to themselves, names of headless services to every replica.
    type: 'STRICT_DNS',
    connect_timeout: '1s',
    lb_policy: 'LEAST_REQUEST',
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: endpointsOf(name) }] },
    // With few healthy replicas left those are asked, and never the others.
    common_lb_config: { healthy_panic_threshold: { value: 0 } },
    ...more,
  };
}

function serviceCluster(name: string): Data {
  return cluster(name, {
    circuit_breakers: {
      thresholds: [
        {
          max_connections: 1024,
          max_pending_requests: 512,
          max_requests: 2048,
          retry_budget: { budget_percent: { value: 20 }, min_retry_concurrency: 3 },
        },
      ],
    },
    outlier_detection: {
      consecutive_5xx: 5,
      consecutive_gateway_failure: 5,
      enforcing_consecutive_gateway_failure: 100,
      interval: '1s',
      base_ejection_time: '30s',
      max_ejection_percent: 50,
      // Who fails slowly compared with the others is a matter for alerts.
      enforcing_success_rate: 0,
    },
    health_checks: [
      {
        timeout: '2s',
        interval: '5s',
        no_traffic_interval: '5s',
        unhealthy_threshold: 2,
        healthy_threshold: 1,
        http_health_check: { host: 'localhost', path: '/readyz' },
      },
    ],
    typed_extension_protocol_options: httpOptions({
      explicit_http_config: { http_protocol_options: {} },
      http_filters: [
        retriableMark,
        extension('upstream_codec', 'envoy.extensions.filters.http.upstream_codec.v3.UpstreamCodec'),
      ],
      common_http_protocol_options: { idle_timeout: '60s' },
    }),
  });
}

/** A service that is too busy says when to come back: only then is it asked again. Envoy cannot look at two headers at once. */
const retriableMark = extension('retriable-mark', 'envoy.extensions.filters.http.lua.v3.Lua', {
  default_source_code: {
    inline_string: `function envoy_on_response(handle)
  local headers = handle:headers()
  if headers:get(":status") == "503" and headers:get("retry-after") ~= nil then
    headers:add("x-idp-retriable", "1")
  end
end
`,
  },
});

function http2Cluster(name: string): Data {
  return cluster(name, {
    typed_extension_protocol_options: httpOptions({
      explicit_http_config: { http2_protocol_options: { connection_keepalive: { interval: '30s', timeout: '5s' } } },
    }),
  });
}

function httpOptions(fields: Data): Data {
  const type = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';
  return { [type]: any(type, fields) };
}
