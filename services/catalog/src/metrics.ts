import type { Metrics } from '@idp/telemetry';

export interface CatalogMetrics {
  /** Documents a run wrote, by kind of source and what became of them. */
  ingested(kind: string, outcome: 'created' | 'updated' | 'deleted' | 'refused', count: number): void;
  runHeld(): void;
}

export function createCatalogMetrics(metrics: Metrics): CatalogMetrics {
  const documents = metrics.counter('catalog_ingest_documents_total', 'Documents of finished runs', [
    'kind',
    'outcome',
  ]);
  const held = metrics.counter('catalog_runs_held', 'Runs that would have deleted too much and deleted nothing');
  return {
    ingested: (kind, outcome, count) => {
      if (count > 0) documents.inc({ kind, outcome }, count);
    },
    runHeld: () => held.inc(),
  };
}
