import type { ServiceRoles } from '../roles/names.ts';
import { isSqlError } from '../wire/errors.ts';
import { MigrationError } from './files.ts';

/** Replaces `{{owner}} {{app}} {{relay}} {{search}} {{schema}}`; MigrationError on any other placeholder. */
export function templated(sql: string, roles: ServiceRoles): string {
  return sql.replaceAll(/\{\{(\w+)\}\}/g, (placeholder, name: string) => {
    if (!Object.hasOwn(roles, name)) throw new MigrationError(`unknown placeholder ${placeholder}`);
    return roles[name as keyof ServiceRoles];
  });
}

/** PostgreSQL's message with the line of `text` it points to. */
export function sqlErrorMessage(error: unknown, text: string): string {
  if (!isSqlError(error)) return error instanceof Error ? error.message : String(error);
  const position = Number((error as { position?: string }).position ?? 0);
  const line = position > 0 ? ` at line ${text.slice(0, position).split('\n').length}` : '';
  const detail = error.detail === undefined ? '' : ` (${error.detail})`;
  return `${error.message}${line} [${error.code}]${detail}`;
}
