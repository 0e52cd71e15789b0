import type { RouteFile } from '../../../routing/route-schema.ts';
import { extension, type Data } from '../any.ts';
import { gatewayScript } from '../listener/script.ts';
import { bodyLimits } from './body-limits.ts';
import { keyCheck } from './key-check.ts';
import { localLimits } from './local-limits.ts';
import { tokenChecks } from './token-checks.ts';
import { rateLimit } from './rate-limits.ts';

/** The steps of a request in the order of the embedded gateway: script, body size, credential, rate limit, service. */
export function httpFilters(file: RouteFile): Data[] {
  return [
    extension('script', 'envoy.extensions.filters.http.lua.v3.Lua', {
      default_source_code: { inline_string: gatewayScript(file) },
    }),
    compressor,
    ...bodyLimits(file),
    ...tokenChecks(),
    keyCheck(),
    rateLimit(),
    ...localLimits(file),
    extension('router', 'envoy.extensions.filters.http.router.v3.Router', { suppress_envoy_headers: true }),
  ];
}

/** Streams and what is encoded already are none of these types. */
const compressed = ['application/json', 'application/problem+json', 'application/yaml', 'text/html', 'text/plain'];

const compressor = extension('compressor', 'envoy.extensions.filters.http.compressor.v3.Compressor', {
  response_direction_config: {
    common_config: {
      min_content_length: 1024,
      content_type_matcher: compressed.flatMap((type) => [{ exact: type }, { exact: `${type}; charset=utf-8` }]),
    },
  },
  compressor_library: extension('gzip', 'envoy.extensions.compression.gzip.compressor.v3.Gzip', {
    memory_level: 5,
    compression_level: 'COMPRESSION_LEVEL_1',
  }),
});
