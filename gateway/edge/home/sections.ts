import type { RouteTable } from '../../routing/route-table.ts';

/** One part of the home page: a declared operation with a fixed query. */
export interface Section {
  name: string;
  service: string;
  /** Path and query. */
  target: string;
}

/** In the order of the answer. What no service has yet is left out until its route is there. */
const targets = {
  me: '/api/v1/auth/me',
  services: '/api/v1/services?limit=10',
  environments: '/api/v1/environments?limit=10',
  deployments: '/api/v1/environments/deployments?limit=10',
  runs: '/api/v1/pipelines/runs?limit=10',
  alerts: '/api/v1/alerts?limit=10',
  inbox: '/api/v1/notifications/inbox?limit=10',
  scorecards: '/api/v1/soundcheck/certifications?limit=10',
  costs: '/api/v1/infrastructure/costs?limit=10',
  health: '/api/v1/insights/health',
} as const;

/** The sections that have a route, and with it a service. */
export function sectionsOf(table: RouteTable): readonly Section[] {
  return Object.entries(targets).flatMap(([name, target]) => {
    const route = table.findRoute(target.split('?', 1)[0]!);
    return route === undefined ? [] : [{ name, service: route.service, target }];
  });
}
