import { diffAccess, overlayWorld, type AccessDiff, type Overlay } from '@idp/auth';
import { etag, type Tx } from '@idp/database';
import { idempotentWrite } from '@idp/service';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { freshWorld } from '../../access/world.ts';
import type { AccessCtx } from '../../operations/access/setting.ts';
import type { AuthContext } from '../../context.ts';
import { getAccessVersion } from '../../store/memberships.ts';
import type { Tables } from '../../store/tables.ts';
import { writeForCaller } from '../write.ts';

type Ctx = AccessCtx & Pick<AuthContext, 'database'>;

/** A change of who may do what, and what a dry run has to know of it. */
interface Change<Made, Shown> {
  dryRun: boolean;
  run(tx: Tx<Tables>): Promise<Made>;
  /** What is different in the world after it. */
  overlay(made: Made): Overlay;
  show(made: Made): Shown;
}

type Versioned = { id: string; version: number };

const changesMax = 100;

/** Answers 201 with what was made, or 200 with what making it would change. */
export async function answerCreated<Made extends Versioned, Shown>(
  ctx: Ctx,
  request: FastifyRequest,
  reply: FastifyReply,
  { path, ...change }: Change<Made, Shown> & { path: string },
): Promise<FastifyReply> {
  if (change.dryRun) return reply.code(200).send({ data: await rehearse(ctx, request, change) });
  return idempotentWrite(
    request,
    reply,
    ctx.database,
    async (tx) => {
      const made = await change.run(tx);
      const headers = { etag: etag(made.version), location: `${path}/${made.id}`, ...(await versionHeader(tx)) };
      return { status: 201, data: change.show(made), headers };
    },
    { global: true },
  );
}

/** Answers 200 with what was changed, or with what the change would do. */
export async function answerUpdated<Made extends Versioned, Shown>(
  ctx: Ctx,
  request: FastifyRequest,
  reply: FastifyReply,
  change: Change<Made, Shown>,
): Promise<{ data: Shown | AccessDiff }> {
  if (change.dryRun) return { data: await rehearse(ctx, request, change) };
  return writeForCaller(ctx, request, async (tx) => {
    const made = await change.run(tx);
    void reply.header('etag', etag(made.version)).headers(await versionHeader(tx));
    return { data: change.show(made) };
  });
}

/** Answers 204, or 200 with what the deletion would change. */
export async function answerDeleted(
  ctx: Ctx,
  request: FastifyRequest,
  reply: FastifyReply,
  change: Pick<Change<void, void>, 'dryRun' | 'run' | 'overlay'>,
): Promise<FastifyReply> {
  if (change.dryRun) return reply.code(200).send({ data: await rehearse(ctx, request, change) });
  await writeForCaller(ctx, request, async (tx) => {
    await change.run(tx);
    void reply.headers(await versionHeader(tx));
  });
  return reply.code(204).send(null);
}

/** The version from which on the change counts: who sends it back is never judged by an older one. */
async function versionHeader(tx: Tx<Tables>): Promise<{ 'x-authz-version': string }> {
  return { 'x-authz-version': String(await getAccessVersion(tx)) };
}

/** Thrown to end the transaction of a dry run without a trace. */
class RehearsedError extends Error {
  readonly diff: AccessDiff;

  constructor(diff: AccessDiff) {
    super('a dry run changes nothing');
    this.name = 'RehearsedError';
    this.diff = diff;
  }
}

/** Makes the change with all its checks, compares who may do what, and undoes it. */
async function rehearse<Made>(
  ctx: Ctx,
  request: FastifyRequest,
  { run, overlay }: Pick<Change<Made, unknown>, 'run' | 'overlay'>,
): Promise<AccessDiff> {
  try {
    return await writeForCaller(ctx, request, async (tx) => {
      const [before, { names }] = await Promise.all([freshWorld(tx, ctx), ctx.catalogues.current(tx)]);
      const after = overlayWorld(before, overlay(await run(tx)));
      const now = ctx.clock().getTime();
      throw new RehearsedError(diffAccess(before, after, { permissions: names, now, limit: changesMax }));
    });
  } catch (error) {
    if (error instanceof RehearsedError) return error.diff;
    throw error;
  }
}
