import type { FastifyReply, FastifyRequest } from 'fastify';
import { idempotent, type AnswerSeal, type Database, type Tx, type WriteOptions } from '@idp/database';
import { principalOf } from '../access/guard.ts';
import { jsonType } from './headers.ts';

/** What a write answers. */
export interface WriteAnswer {
  status: number;
  /** `data` of the envelope; the whole body on routes without one. */
  data: unknown;
  /** Further members of `meta`. */
  meta?: Readonly<Record<string, unknown>>;
  headers?: Readonly<Record<string, string>>;
}

export interface IdempotentWriteOptions extends Omit<WriteOptions, 'signal'> {
  /** Seals the stored answer of a route that shows a secret. */
  seal?: AnswerSeal;
}

/**
 * Runs the write of a POST in one tenant transaction and answers with its result. With `Idempotency-Key` the answer is
 * stored in the same transaction and a repetition gets it again, byte for byte, with `Idempotency-Replayed: true`; errors
 * store nothing. Throws what `idempotent` of @idp/database throws.
 */
export async function idempotentWrite<DB>(
  request: FastifyRequest,
  reply: FastifyReply,
  database: Database<DB>,
  work: (tx: Tx<DB>) => Promise<WriteAnswer>,
  { seal, ...options }: IdempotentWriteOptions = {},
): Promise<FastifyReply> {
  const { tenantId } = principalOf(request);
  const { idempotency: asked } = request;
  const key = asked === undefined || seal === undefined ? asked : { ...asked, seal };
  const { answer, replayed } = await idempotent(
    database,
    tenantId,
    key,
    async (tx) => {
      const { status, headers = {}, ...rest } = await work(tx);
      return { status, headers, body: serialized(request, reply, status, rest) };
    },
    { ...options, signal: request.operation.signal },
  );
  if (replayed) reply.header('idempotency-replayed', 'true');
  return reply
    .code(answer.status)
    .headers({ ...answer.headers })
    .header('content-type', jsonType)
    .send(answer.body);
}

/** The body as the route's schema has it: stripped, with the ids of this request. */
function serialized(
  request: FastifyRequest,
  reply: FastifyReply,
  status: number,
  { data, meta }: { data: unknown; meta?: Readonly<Record<string, unknown>> },
): string {
  const { requestId, traceId } = request.operation;
  const hasEnvelope = request.operation.plan?.envelope !== false;
  const body = hasEnvelope ? { data, meta: { requestId, traceId, ...meta } } : (data as Record<string, unknown>);
  return reply.serializeInput(body, String(status)) as string;
}
