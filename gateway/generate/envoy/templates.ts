import { stringify } from 'yaml';
import type { RouteFile } from '../../routing/route-schema.ts';
import type { Data } from './any.ts';
import { bootstrap, fileSource } from './bootstrap.ts';
import { clusters } from './clusters.ts';
import { listener } from './listener/listener.ts';
import { placeholder } from './placeholders.ts';
import { routeConfig, routeConfigName } from './routes/route-config.ts';

export const envoyFiles = ['bootstrap', 'lds', 'cds', 'rds'] as const;

/** Texts of Envoy's files with `${NAME}` for what an installation says. */
export type EnvoyTemplates = Readonly<Record<(typeof envoyFiles)[number], string>>;

/** The gateway as files that Envoy watches. */
export function envoyTemplates(file: RouteFile): EnvoyTemplates {
  const rds = { route_config_name: routeConfigName, config_source: fileSource(placeholder.routesFile) };
  return {
    bootstrap: yaml(bootstrap()),
    lds: yaml({ resources: [listener(file, { rds })] }),
    cds: yaml({ resources: clusters(file) }),
    rds: yaml({ resources: [routeConfig(file)] }),
  };
}

/** The same as one file, which `envoy --mode validate` reads to its end: it opens no watched files. */
export function staticTemplate(file: RouteFile): string {
  const { dynamic_resources: _, ...start } = bootstrap();
  const route_config = untyped(routeConfig(file));
  const listeners = [untyped(listener(file, { route_config }))];
  return yaml({ ...start, static_resources: { listeners, clusters: clusters(file).map(untyped) } });
}

/** Files that are watched hold messages of several types, a static one knows them. */
function untyped(message: Data): Data {
  return Object.fromEntries(Object.entries(message).filter(([name]) => name !== '@type'));
}

/** What occurs twice is written once and named: both filter chains have the same steps. */
function yaml(data: Data): string {
  return `${head}${stringify(data, { lineWidth: 0 })}`;
}

const head = '# Written by `npm run generate` from gateway/routes.ts.\n';
