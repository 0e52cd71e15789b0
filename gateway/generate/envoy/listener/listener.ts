import type { RouteFile } from '../../../routing/route-schema.ts';
import { extension, type Data } from '../any.ts';
import { httpFilters } from '../filters/http-filters.ts';
import { innerClusters, placeholder } from '../placeholders.ts';
import { accessLog } from './access-log.ts';
import { earlyHeaders } from './early-headers.ts';
import { localReplies } from './local-replies.ts';

/** Where the route configuration comes from: a file that is watched, or the configuration itself. */
export type RouteSource = { rds: Data } | { route_config: Data };

/**
 * The door. Peers that are trusted proxies have a filter chain of their own: they may say whom they speak for, and Envoy's early
 * header mutations know no condition.
 */
export function listener(file: RouteFile, source: RouteSource): Data {
  const shared = sharedOptions(file, source);
  const trusted = connectionManager(shared, {
    original_ip_detection_extensions: [
      extension('xff', 'envoy.extensions.http.original_ip_detection.xff.v3.XffConfig', {
        xff_trusted_cidrs: { cidrs: placeholder.trustedProxies },
      }),
    ],
    early_header_mutation_extensions: [earlyHeaders({ trustedPeer: true })],
  });
  const others = connectionManager(shared, {
    use_remote_address: true,
    early_header_mutation_extensions: [earlyHeaders({ trustedPeer: false })],
  });
  return {
    '@type': 'type.googleapis.com/envoy.config.listener.v3.Listener',
    name: 'gateway',
    address: { socket_address: { address: placeholder.listenAddress, port_value: placeholder.listenPort } },
    per_connection_buffer_limit_bytes: 1024 * 1024,
    filter_chains: [
      {
        name: 'trusted-proxies',
        filter_chain_match: { direct_source_prefix_ranges: placeholder.trustedProxies },
        filters: [trusted],
      },
      { name: 'others', filters: [others] },
    ],
  };
}

function connectionManager(shared: Data, more: Data): Data {
  const name = 'envoy.filters.network.http_connection_manager';
  const type = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
  return extension(name, type, { stat_prefix: 'gateway', ...more, ...shared });
}

function sharedOptions(file: RouteFile, source: RouteSource): Data {
  return {
    ...source,
    codec_type: 'AUTO',
    http_filters: httpFilters(file),
    local_reply_config: localReplies(),
    access_log: [accessLog()],
    server_header_transformation: 'PASS_THROUGH',
    // Paths are matched and passed on byte for byte.
    normalize_path: false,
    merge_slashes: false,
    path_with_escaped_slashes_action: 'KEEP_UNCHANGED',
    preserve_external_request_id: true,
    always_set_request_id_in_response: true,
    request_id_extension: {
      typed_config: {
        '@type': 'type.googleapis.com/envoy.extensions.request_id.uuid.v3.UuidRequestIdConfig',
        pack_trace_reason: false,
        use_request_id_for_trace_sampling: false,
      },
    },
    tracing: { provider: extension('opentelemetry', 'envoy.config.trace.v3.OpenTelemetryConfig', tracing) },
    max_request_headers_kb: 16,
    request_headers_timeout: '10s',
    stream_idle_timeout: '300s',
    drain_timeout: '30s',
    common_http_protocol_options: {
      idle_timeout: '72s',
      max_headers_count: 100,
      max_requests_per_connection: 1000,
      headers_with_underscores_action: 'REJECT_REQUEST',
    },
    http_protocol_options: { allow_absolute_url: false },
    http2_protocol_options: { max_concurrent_streams: 100 },
  };
}

const samplers = 'envoy.extensions.tracers.opentelemetry.samplers.v3';

/** A client's decision about its trace counts; new traces are sampled here. */
const tracing = {
  service_name: 'gateway',
  http_service: { http_uri: { uri: 'http://localhost/v1/traces', cluster: innerClusters.traces, timeout: '1s' } },
  sampler: extension('parent-based', `${samplers}.ParentBasedSamplerConfig`, {
    wrapped_sampler: extension('ratio', `${samplers}.TraceIdRatioBasedSamplerConfig`, {
      sampling_percentage: { numerator: placeholder.sampledPercent, denominator: 'HUNDRED' },
    }),
  }),
};
