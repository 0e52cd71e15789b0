import type { CompiledQuery } from 'kysely';
import { isSqlError, translateSqlError } from '../wire/errors.ts';
import { encodeParameters } from '../wire/parameters.ts';
import type { SelectValue } from '../wire/select-query.ts';
import type { DoorEnvironment } from './door.ts';

/** Codes that say something of the prepared statement, not of the query: a transaction of its own meets and handles them. */
const statementLost = new Set(['26000', '42P05', '0A000']);

/** Rows of one statement on a shared connection; undefined when it needs a transaction of its own. */
export async function selectShared<R>(
  { lanes, metrics, onQuery, constraints }: DoorEnvironment,
  { tenantId, query, name }: { tenantId: string; query: CompiledQuery<R>; name: string },
): Promise<R[] | undefined> {
  const values = encodeParameters(query.parameters);
  if (!values.every(isSelectValue)) return undefined;
  const startedAt = performance.now();
  const sent = lanes.select(tenantId, query.sql, values);
  if (sent === undefined) return undefined;
  onQuery?.({ name, sql: query.sql, parameters: values });
  try {
    const rows = await sent;
    metrics.operations.observe({ query: name }, (performance.now() - startedAt) / 1000);
    return rows as R[];
  } catch (error) {
    if (!isSqlError(error)) throw error;
    if (statementLost.has(error.code)) return undefined;
    if (error.code === '42501') metrics.rlsViolations.inc();
    throw translateSqlError(error, { constraints, readOnly: true, deleting: false }) ?? error;
  }
}

function isSelectValue(value: unknown): value is SelectValue {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}
