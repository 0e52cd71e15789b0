import type { Metrics } from '@idp/telemetry';
import type { EgressClass } from './classes.ts';
import type { Rule } from './guard/refusal.ts';

export type Outcome = 'answered' | 'refused' | 'timeout' | 'failed' | 'aborted';

export interface EgressMetrics {
  finished(className: EgressClass, outcome: Outcome, seconds: number): void;
  blocked(className: EgressClass, rule: Rule): void;
}

export function createEgressMetrics(metrics: Metrics | undefined): EgressMetrics {
  if (metrics === undefined) return { finished() {}, blocked() {} };
  const requests = metrics.counter('egress_requests_total', 'Calls to typed addresses by class and outcome', [
    'class',
    'outcome',
  ]);
  const blocked = metrics.counter('egress_blocked_total', 'Typed addresses refused, by class and broken rule', [
    'class',
    'reason',
  ]);
  const seconds = metrics.histogram('egress_seconds', 'Duration of calls to typed addresses', ['class']);
  return {
    finished(className, outcome, duration) {
      requests.inc({ class: className, outcome });
      seconds.observe({ class: className }, duration);
    },
    blocked(className, rule) {
      blocked.inc({ class: className, reason: `rule-${rule}` });
    },
  };
}
