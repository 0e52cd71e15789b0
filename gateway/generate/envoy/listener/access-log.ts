import { extension, type Data } from '../any.ts';

/** Metadata the script of the gateway keeps of a request. */
const kept = (key: string): string => `%DYNAMIC_METADATA(idp:${key})%`;

/** One JSON line a request with the fields of the embedded gateway: no query, no header but the user agent, no credential. */
export function accessLog(): Data {
  return extension('access-log', 'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog', {
    log_format: {
      json_format: {
        time: '%START_TIME%',
        service: 'gateway',
        msg: 'request',
        requestId: '%REQ(X-REQUEST-ID)%',
        traceId: kept('traceId'),
        method: '%REQ(:METHOD)%',
        path: kept('path'),
        route: '%ROUTE_NAME%',
        upstream: '%UPSTREAM_CLUSTER%',
        status: '%RESPONSE_CODE%',
        errorCode: kept('errorCode'),
        durationMs: '%DURATION%',
        upstreamMs: '%RESPONSE_DURATION%',
        bytesIn: '%BYTES_RECEIVED%',
        bytesOut: '%BYTES_SENT%',
        tenantId: kept('tenantId'),
        subject: kept('subject'),
        keyId: kept('keyId'),
        clientIp: '%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%',
        userAgent: '%REQ(USER-AGENT):256%',
        flags: '%RESPONSE_FLAGS%',
      },
      json_format_options: { sort_properties: false },
      omit_empty_values: true,
    },
  });
}
