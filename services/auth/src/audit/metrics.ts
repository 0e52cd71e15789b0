import type { Metrics } from '@idp/telemetry';

export interface AuditMetrics {
  sealed(batch: { rows: number; oldestReceivedAt?: string | undefined }): void;
  unsealed(rows: number): void;
}

export function createAuditMetrics(metrics: Metrics): AuditMetrics {
  const rows = metrics.counter('audit_sealed_rows_total', 'Audit rows that got their number and hash');
  const lag = metrics.gauge(
    'audit_seal_lag_seconds',
    'Age of the oldest audit row of the last batch when it was sealed',
  );
  const waiting = metrics.gauge('audit_unsealed_rows', 'Audit rows without number and hash, counted up to 100,000');
  return {
    sealed(batch) {
      rows.inc(batch.rows);
      if (batch.oldestReceivedAt !== undefined) {
        lag.set(Math.max(0, (Date.now() - Date.parse(batch.oldestReceivedAt)) / 1000));
      }
    },
    unsealed: (count) => waiting.set(count),
  };
}
