import type { Metrics } from '@idp/telemetry';

const fastBuckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5];

export type DatabaseMetrics = ReturnType<typeof createDatabaseMetrics>;

/** Metrics of one service's database. Labels hold query and pool names, never SQL. */
export function createDatabaseMetrics(metrics: Metrics) {
  return {
    connections: metrics.gauge('db_client_connection_count', 'Connections by pool and state.', ['pool', 'state']),
    connectionWait: metrics.histogram(
      'db_client_connection_wait_seconds',
      'Wait for a connection of the pool.',
      ['pool'],
      fastBuckets,
    ),
    operations: metrics.histogram(
      'db_client_operation_duration_seconds',
      'Time from sending a named query to its answer.',
      ['query'],
      fastBuckets,
    ),
    transactions: metrics.counter('db_transactions_total', 'Transactions by kind and outcome.', ['kind', 'outcome']),
    retries: metrics.counter('db_retries_total', 'Transactions repeated, by SQLSTATE.', ['code']),
    commitUnknown: metrics.counter('db_commit_unknown_total', 'Connections lost after COMMIT was sent.'),
    rlsViolations: metrics.counter('rls_violations_total', 'Statements refused by row security or grants (42501).'),
    unauditedWrites: metrics.counter('unaudited_writes_total', 'Writes without an audit row and without a reason.'),
    idempotency: metrics.counter('idempotency_total', 'Requests with an idempotency key by outcome.', ['outcome']),
  };
}

/** Reads the pools when the metrics are collected. */
export function reportPools(
  metrics: DatabaseMetrics,
  pools: readonly { name: string; counts(): { idle: number; used: number; waiting: number } }[],
): void {
  const gauge: typeof metrics.connections & { collect?: () => void } = metrics.connections;
  gauge.collect = () => {
    for (const pool of pools) {
      for (const [state, count] of Object.entries(pool.counts())) gauge.set({ pool: pool.name, state }, count);
    }
  };
}
