import { hash } from 'node:crypto';
import { NotFoundError } from '@idp/errors';
import type { Principal } from '@idp/auth';
import type { AnswerSeal } from '@idp/database';
import type { FastifyRequest } from 'fastify';
import type { AuthContext } from '../../context.ts';

/** Whether the caller manages the keys of the tenant. Asked before a transaction. */
export function managesKeys({ decisions }: Pick<AuthContext, 'decisions'>, principal: Principal): Promise<boolean> {
  return decisions.allows(principal, 'auth:api-key:manage');
}

/**
 * The key when it is the caller's own or the caller manages keys; 404 otherwise, as for one that does not exist. A key of a service account
 * is nobody's own.
 */
export function requireKeyAccess<R extends { owner_type: string; owner_id: string }>(
  { principal, manages }: { principal: Principal; manages: boolean },
  row: R | undefined,
): { row: R; own: boolean } {
  const own = row !== undefined && isOwn(principal, row);
  if (row !== undefined && (own || manages)) return { row, own };
  throw new NotFoundError('the API key does not exist');
}

function isOwn(principal: Principal, row: { owner_type: string; owner_id: string }): boolean {
  return row.owner_type === 'user' && principal.type === 'user' && row.owner_id === principal.id;
}

/** Seals the stored answer of a request that shows a key, so that a repetition with its `Idempotency-Key` gets the same one. */
export function sealOf(
  { secrets }: Pick<AuthContext, 'secrets'>,
  request: FastifyRequest,
  tenantId: string,
): AnswerSeal {
  // Keys of requests may hold characters that names of rows may not.
  const target = { table: 'idempotency_keys', column: 'body', rowId: hash('sha256', request.idempotencyKey ?? '') };
  return {
    seal: (text) => secrets.tenant(tenantId).seal(target, text),
    open: async (sealed) => (await secrets.tenant(tenantId).open(target, sealed)).toString('utf8'),
  };
}
