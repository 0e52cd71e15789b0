import type { RowVisibility } from '@idp/auth';
import { sql, type Expression, type SqlBool } from 'kysely';

/** Columns of a table whose rows are scopes of their own, as rights ask for them: the key `id` says both. */
export function columnsOfParts(scope: 'organizationId' | 'teamId' | 'projectId') {
  const id = { column: sql.ref('id'), type: 'uuid' } as const;
  return { id, [`scope.${scope}`]: id };
}

/** What a caller sees, as a condition on a list. */
export function conditionOf(visible: RowVisibility): Expression<SqlBool> {
  return typeof visible === 'string' ? sql<SqlBool>`${sql.lit(visible === 'all')}` : visible.where;
}
