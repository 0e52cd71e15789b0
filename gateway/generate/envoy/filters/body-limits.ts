import type { Route, RouteFile } from '../../../routing/route-schema.ts';
import { any, type Data } from '../any.ts';

const type = 'envoy.extensions.filters.http.body_size_limit.v3.BodySizeLimit';

/** The filter has no setting of a route: one instance for each size, off until a route turns it on. */
export function bodyLimits({ routes }: RouteFile): Data[] {
  const sizes = [...new Set(routes.filter(isLimited).map(({ bodyMaxBytes }) => bodyMaxBytes))];
  return sizes
    .toSorted((a, b) => a - b)
    .map((max_bytes) => ({
      name: nameOf(max_bytes),
      disabled: true,
      typed_config: any(type, { max_request_bytes: max_bytes }),
    }));
}

/** Turns on the limit of a route; streams are limited by their service. */
export function bodyLimitOf(route: Route): Data {
  if (!isLimited(route)) return {};
  return { [nameOf(route.bodyMaxBytes)]: any('envoy.config.route.v3.FilterConfig', { config: {} }) };
}

function isLimited({ stream }: Route): boolean {
  return stream === undefined;
}

function nameOf(bytes: number): string {
  return `body-${bytes}`;
}
