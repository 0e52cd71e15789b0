import type { Metrics } from '@idp/telemetry';

export interface LoginMetrics {
  login(outcome: 'succeeded' | 'refused' | 'throttled'): void;
  refresh(outcome: 'rotated' | 'repeated' | 'resumed' | 'reused' | 'refused'): void;
}

export function createLoginMetrics(metrics: Metrics): LoginMetrics {
  const logins = metrics.counter('auth_logins_total', 'Sign-ins with a password', ['outcome']);
  const refreshes = metrics.counter('auth_refresh_total', 'Refresh tokens presented', ['outcome']);
  return {
    login: (outcome) => logins.inc({ outcome }),
    refresh: (outcome) => refreshes.inc({ outcome }),
  };
}
