import { sql } from 'kysely';
import { z } from 'zod';
import type { ServiceCalls } from '@idp/auth';
import { NotFoundError } from '@idp/errors';
import { newId } from '@idp/contracts';
import type { Database } from '@idp/database';
import {
  defineService,
  envelope,
  id,
  idempotentWrite,
  isUnchanged,
  principalOf,
  text,
  type RoutePlugin,
} from '../src/index.ts';

interface Note {
  id: string;
  body: string;
  version: number;
}

export interface DemoContext {
  // oxlint-disable-next-line typescript/no-explicit-any -- one table, written in SQL
  database: Database<any>;
  runs: { ended: string[] };
  /** Requests to `/held` wait until it is let go. */
  held: { count: number; release: () => void; released: Promise<void> };
}

const note = z.object({ id: z.string(), body: z.string(), version: z.int() });

function noteRoutes(name: string, { database, held }: DemoContext): RoutePlugin {
  return async (app) => {
    app.post(
      '/api/v1/notes',
      {
        config: { permission: `${name}:note:create` },
        schema: {
          operationId: 'createNote',
          body: z.strictObject({ body: text({ min: 1 }) }),
          response: { 201: envelope(note) },
        },
      },
      async (request, reply) =>
        idempotentWrite(
          request,
          reply,
          database,
          async (tx) => {
            const row = { id: newId(), body: request.body.body, version: 1, secret: 'never shown' };
            await sql`insert into notes (tenant_id, id, body) values (${tx.tenantId}, ${row.id}, ${row.body})`.execute(
              tx.db,
            );
            return { status: 201, data: row, headers: { location: `/api/v1/notes/${row.id}` } };
          },
          { unaudited: 'a test service' },
        ),
    );
    app.get(
      '/api/v1/notes/:id',
      {
        config: { permission: `${name}:note:read` },
        schema: {
          operationId: 'getNote',
          params: z.strictObject({ id: id() }),
          response: { 200: envelope(note), 304: z.null() },
        },
      },
      async (request, reply) => {
        const { rows } = await database
          .tenant(principalOf(request).tenantId)
          .read(
            (tx) =>
              sql<Note>`select id, body, version from notes where tenant_id = ${tx.tenantId} and id = ${request.params.id}`.execute(
                tx.db,
              ),
            {
              signal: request.signal,
            },
          );
        const [row] = rows;
        if (row === undefined) throw new NotFoundError('note not found');
        if (isUnchanged(request, reply, row.version)) return reply.code(304).send(null);
        return { data: row };
      },
    );
    app.get(
      '/api/v1/held',
      { config: { access: 'public' }, schema: { operationId: 'getHeld', response: { 200: envelope(z.object({})) } } },
      async () => {
        held.count++;
        await held.released;
        return { data: {} };
      },
    );
    app.get(
      '/api/v1/notes/slow',
      {
        config: { permission: `${name}:note:read` },
        schema: { operationId: 'getSlowNotes', response: { 200: envelope(z.object({})) } },
      },
      async (request) => {
        const { tenantId } = principalOf(request);
        await database
          .tenant(tenantId)
          .read((tx) => sql`select pg_sleep(4)`.execute(tx.db), { signal: request.signal });
        return { data: {} };
      },
    );
  };
}

/** A whole small service: one table, a few routes, one background task. */
export const demo = demoService('demo');

/** The same under a name whose topics exist, for what leaves by the outbox. */
export const demoWithTopics = demoService('catalog', { auth: ['auth:user:read'] });

function demoService(name: string, calls: ServiceCalls = {}) {
  return defineService({
    name,
    description: 'A service of the tests',
    config: z.object({ DEMO_GREETING: z.string().default('hello') }),
    migrations: new URL('./demo-migrations/', import.meta.url),
    calls,
    permissions: {
      [`${name}:note:read`]: { description: 'read notes', resource: 'note', role: 'viewer' },
      [`${name}:note:create`]: { description: 'write notes', resource: 'note', role: 'member' },
    },
    createContext(platform): DemoContext {
      const { promise: released, resolve: release } = Promise.withResolvers<void>();
      return { database: platform.database, runs: { ended: [] }, held: { count: 0, release, released } };
    },
    routes: (ctx) => [noteRoutes(name, ctx)],
    background: (ctx) => [
      {
        name: 'wait-for-the-end',
        run: (signal) =>
          new Promise<void>((resolve) =>
            signal.addEventListener('abort', () => {
              ctx.runs.ended.push('wait-for-the-end');
              resolve();
            }),
          ),
      },
    ],
  });
}
