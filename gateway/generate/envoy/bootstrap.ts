import type { Data } from './any.ts';
import { placeholder } from './placeholders.ts';

/** Buckets of the fleet's request durations, in milliseconds. */
const buckets = [5, 10, 25, 50, 75, 100, 150, 200, 300, 500, 750, 1000, 2500, 5000, 10_000];

/** What Envoy needs at its start: its admin interface, and where its files are. */
export function bootstrap(): Data {
  return {
    node: { id: 'gateway', cluster: 'idp' },
    admin: { address: { socket_address: { address: '127.0.0.1', port_value: placeholder.adminPort } } },
    dynamic_resources: {
      lds_config: fileSource(placeholder.listenersFile),
      cds_config: fileSource(placeholder.clustersFile),
    },
    stats_config: {
      histogram_bucket_settings: [{ match: { suffix: 'rq_time' }, buckets }],
    },
  };
}

/** Any rename into the folder makes Envoy read again. */
export function fileSource(path: string): Data {
  return {
    path_config_source: { path, watched_directory: { path: placeholder.folder } },
    resource_api_version: 'V3',
  };
}
