import type { Tx } from '@idp/database';
import { id, principalOf, requireMatch } from '@idp/service';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import type { AuthContext } from '../context.ts';
import type { Tables } from '../store/tables.ts';

/** Path of one resource. */
export const pathOfId = z.strictObject({ id: id() });

/** Runs a change in a transaction of the caller's tenant that also sees the global tables. */
export function writeForCaller<T>(
  ctx: Pick<AuthContext, 'database'>,
  request: FastifyRequest,
  change: (tx: Tx<Tables>) => Promise<T>,
): Promise<T> {
  const { signal } = request.operation;
  return ctx.database.tenant(principalOf(request).tenantId).write(change, { global: true, signal });
}

/** Reads in the caller's tenant, the global tables included. */
export function readForCaller<T>(
  ctx: Pick<AuthContext, 'database'>,
  request: FastifyRequest,
  read: (tx: Tx<Tables>) => Promise<T>,
): Promise<T> {
  const { signal } = request.operation;
  return ctx.database.tenant(principalOf(request).tenantId).read(read, { global: true, signal });
}

/** Called by an operation with the version it found: refuses where `If-Match` names another. */
export function matchOf(request: FastifyRequest): (version: number) => void {
  return (version) => requireMatch(request, version);
}
