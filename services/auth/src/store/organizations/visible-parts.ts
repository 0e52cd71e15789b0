import type { RowVisibility } from '@idp/auth';
import { sql, type Expression, type SqlBool } from 'kysely';

/** Columns of a table whose rows are scopes of their own, as rights ask for them: the key `id` says both. */
export function columnsOfParts(scope: 'organizationId' | 'teamId' | 'projectId') {
  const id = { column: sql.ref('id'), type: 'uuid' } as const;
  return { id, [`scope.${scope}`]: id };
}

/** Columns of a table whose rows say where they count by `scope_type` and `scope_id`, as rights ask for them. */
export const columnsOfScopes = {
  id: { column: sql.ref('id'), type: 'uuid' },
  'scope.projectId': scopeOf('project'),
  'scope.teamId': scopeOf('team'),
  'scope.organizationId': scopeOf('organization'),
} as const;

function scopeOf(type: string) {
  return { column: sql`(case when scope_type = ${sql.lit(type)} then scope_id end)`, type: 'uuid' } as const;
}

/** What a caller sees, as a condition on a list. */
export function conditionOf(visible: RowVisibility): Expression<SqlBool> {
  return typeof visible === 'string' ? sql<SqlBool>`${sql.lit(visible === 'all')}` : visible.where;
}
