import pg from 'pg';
import type { ObservedQuery } from '../contract.ts';
import { tenantUuid } from '../transaction/openings.ts';

/** What one execution of a plan cost. */
export interface QueryPlan {
  name: string;
  /** Planned for the values at hand, or once for all values. */
  kind: 'custom' | 'generic';
  rowsReturned: number;
  /** Rows that were read and thrown away by a filter or a join filter. */
  rowsRemoved: number;
  /** Rows read from tables and indexes, each time they were read; what was computed once and kept is not counted again. */
  rowsRead: number;
  /** Tables read from end to end, with the rows they held. */
  sequentialScans: { table: string; rows: number }[];
}

interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Actual Rows'?: number;
  'Actual Loops'?: number;
  'Rows Removed by Filter'?: number;
  'Rows Removed by Join Filter'?: number;
  Plans?: PlanNode[];
}

/**
 * Runs one observed query under row security with EXPLAIN ANALYZE, with a custom and with the generic plan; its changes
 * are rolled back. `url` is the login of the app role on the server itself.
 */
export async function explain(url: string, tenantId: string, query: ObservedQuery): Promise<QueryPlan[]> {
  const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 5_000 });
  client.on('error', () => undefined);
  await client.connect();
  try {
    const plans: QueryPlan[] = [];
    await client.query(`prepare observed as ${query.sql}`);
    const call = query.parameters.length === 0 ? 'observed' : `observed (${query.parameters.map(literal).join(', ')})`;
    for (const kind of ['custom', 'generic'] as const) {
      await client.query(`begin; set local plan_cache_mode = force_${kind}_plan; set local statement_timeout = '60s'`);
      await client.query(`select set_config('app.tenant_id', $1, true), set_config('app.global', 'on', true)`, [
        tenantUuid(tenantId),
      ]);
      const { rows } = await client.query<{ 'QUERY PLAN': { Plan: PlanNode }[] }>(
        `explain (analyze, timing off, format json) execute ${call}`,
      );
      await client.query('rollback');
      const root = rows[0]?.['QUERY PLAN'][0]?.Plan;
      if (root !== undefined) plans.push({ name: query.name, kind, ...measure(root) });
    }
    return plans;
  } finally {
    await client.end();
  }
}

function measure(root: PlanNode): Omit<QueryPlan, 'name' | 'kind'> {
  let rowsRemoved = 0;
  let rowsRead = 0;
  const sequentialScans: QueryPlan['sequentialScans'] = [];
  const visit = (node: PlanNode): void => {
    const loops = node['Actual Loops'] ?? 1;
    const removed = ((node['Rows Removed by Filter'] ?? 0) + (node['Rows Removed by Join Filter'] ?? 0)) * loops;
    rowsRemoved += removed;
    if (node['Relation Name'] !== undefined) rowsRead += (node['Actual Rows'] ?? 0) * loops + removed;
    if (node['Node Type'] === 'Seq Scan') {
      const rows = (node['Actual Rows'] ?? 0) * loops + removed;
      sequentialScans.push({ table: node['Relation Name'] ?? '', rows });
    }
    node.Plans?.forEach(visit);
  };
  visit(root);
  return {
    rowsReturned: (root['Actual Rows'] ?? 0) * (root['Actual Loops'] ?? 1),
    rowsRemoved,
    rowsRead,
    sequentialScans,
  };
}

export interface PlanLimits {
  /** Rows removed by filters for each row returned; default 50. */
  removedPerRowMax?: number;
  /** Rows of a table that may be read from end to end; default 1,000. */
  sequentialRowsMax?: number;
}

/** Why a plan would not hold at scale (data.md §2.4); empty when it would. */
export function judgePlan(
  plan: QueryPlan,
  { removedPerRowMax = 50, sequentialRowsMax = 1_000 }: PlanLimits = {},
): string[] {
  const { name, kind, rowsRemoved, rowsReturned, sequentialScans } = plan;
  const reasons = sequentialScans
    .filter(({ rows }) => rows > sequentialRowsMax)
    .map(({ table, rows }) => `${name} (${kind} plan) reads all ${rows} rows of ${table}`);
  if (rowsRemoved > removedPerRowMax * Math.max(rowsReturned, 1)) {
    reasons.push(`${name} (${kind} plan) throws ${rowsRemoved} rows away to return ${rowsReturned}`);
  }
  return reasons;
}

function literal(value: unknown): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'boolean') return `'${value}'`;
  if (Buffer.isBuffer(value)) return `'\\x${value.toString('hex')}'`;
  if (Array.isArray(value)) return pg.escapeLiteral(arrayText(value));
  return pg.escapeLiteral(String(value));
}

function arrayText(items: readonly unknown[]): string {
  const texts = items.map((item) => {
    if (item === null) return 'null';
    return Array.isArray(item) ? arrayText(item) : `"${String(item).replaceAll(/["\\]/g, '\\$&')}"`;
  });
  return `{${texts.join()}}`;
}
