import { z } from 'zod';
import { newId } from '@idp/contracts';
import type { Database, Tx } from '@idp/database';
import { NotFoundError, PermissionError } from '@idp/errors';
import {
  defineService,
  envelope,
  id,
  idempotentWrite,
  limit,
  name,
  pageEnvelope,
  principalOf,
  text,
} from '@idp/service';
import type { RoutePlugin, ServiceDefinition } from '@idp/service';

interface NoteRow {
  id: string;
  title: string;
  body: string;
  rating: number | null;
}

interface Tables {
  notes: NoteRow & { created_by: string };
}

/**
 * Defects a service could have although its database is right. `shared-cache`: one cache for all tenants. `telling`: what exists elsewhere
 * is refused, what exists nowhere is not found. `unaudited`: a change without an audit row.
 */
export type Hole = 'none' | 'shared-cache' | 'telling' | 'unaudited';

interface NotesContext {
  database: Database<Tables>;
  hole: Hole;
  seen: Map<string, NoteRow>;
}

const note = z.object({ id: z.uuid(), title: z.string(), body: z.string(), rating: z.number().nullable() });
const draft = z.strictObject({
  title: name({ max: 200 }),
  body: text({ max: 10_000 }),
  rating: z.int().min(0).max(5).optional(),
});
const path = '/api/v1/notes';

/** The suite's own service: what the kernel and the libs promise, seen through one resource and nothing else. */
export function notesService(hole: Hole = 'none'): ServiceDefinition<z.ZodObject, NotesContext> {
  return defineService({
    name: 'notes',
    description: 'Notes of a tenant',
    config: z.object({}),
    migrations: new URL('./migrations/', import.meta.url),
    permissions: {},
    database: { constraints: { notes_title: 'title' } },
    createContext: (platform): NotesContext => ({ database: platform.database, hole, seen: new Map() }),
    routes: (context) => [readRoutes(context), writeRoutes(context)],
  });
}

function readRoutes(context: NotesContext): RoutePlugin {
  return async (app) => {
    app.get(path, {
      config: { access: 'authenticated' },
      schema: {
        operationId: 'listNotes',
        summary: 'List notes',
        querystring: z.strictObject({ limit: limit(), q: z.string().max(500).optional() }),
        response: { 200: pageEnvelope(note) },
      },
      handler: async (request) => {
        const { q = '', limit: max } = request.query;
        const rows = await context.database
          .tenant(principalOf(request).tenantId)
          .read((tx) => tx.db.selectFrom('notes').select(columns).orderBy('title').limit(1_000).execute());
        const data = rows.filter((row) => row.title.includes(q)).slice(0, max);
        return { data, meta: { limit: max } };
      },
    });
    app.get(`${path}/:id`, {
      config: { access: 'authenticated' },
      schema: {
        operationId: 'getNote',
        summary: 'Get a note',
        params: z.strictObject({ id: id() }),
        response: { 200: envelope(note) },
      },
      handler: async (request) => {
        const { tenantId } = principalOf(request);
        const cached = context.hole === 'shared-cache' ? context.seen.get(request.params.id) : undefined;
        if (cached !== undefined) return { data: cached };
        const found = await context.database.tenant(tenantId).read((tx) => findNote(tx, request.params.id));
        if (found === undefined && context.hole === 'telling' && context.seen.has(request.params.id)) {
          throw new PermissionError('this note belongs to somebody else');
        }
        if (found === undefined) throw new NotFoundError('this note does not exist');
        context.seen.set(found.id, found);
        return { data: found };
      },
    });
  };
}

function writeRoutes({ database, hole }: NotesContext): RoutePlugin {
  return async (app) => {
    app.post(path, {
      config: { access: 'authenticated' },
      schema: { operationId: 'createNote', summary: 'Write a note', body: draft, response: { 201: envelope(note) } },
      handler: async (request, reply) => {
        const { actor } = principalOf(request);
        return idempotentWrite(
          request,
          reply,
          database,
          async (tx) => ({ status: 201, data: await insertNote(tx, request.body, actor, hole) }),
          unaudited(hole),
        );
      },
    });
    app.delete(`${path}/:id`, {
      config: { access: 'authenticated' },
      schema: {
        operationId: 'deleteNote',
        summary: 'Delete a note',
        params: z.strictObject({ id: id() }),
        response: { 204: z.null() },
      },
      handler: async (request, reply) => {
        const { tenantId } = principalOf(request);
        await database.tenant(tenantId).write((tx) => deleteNote(tx, request.params.id, hole), unaudited(hole));
        return reply.code(204).send(null);
      },
    });
  };
}

const columns = ['id', 'title', 'body', 'rating'] as const;

function unaudited(hole: Hole): { unaudited?: string } {
  return hole === 'unaudited' ? { unaudited: 'the hole of this test' } : {};
}

function findNote(tx: Tx<Tables>, noteId: string): Promise<NoteRow | undefined> {
  return tx.db.selectFrom('notes').select(columns).where('id', '=', noteId).executeTakeFirst();
}

async function insertNote(tx: Tx<Tables>, input: z.output<typeof draft>, actor: string, hole: Hole): Promise<NoteRow> {
  const row = { id: newId(), title: input.title, body: input.body, rating: input.rating ?? null };
  await tx.db
    .insertInto('notes')
    .values({ ...row, created_by: actor })
    .execute();
  if (hole !== 'unaudited')
    tx.audit({ action: 'notes:note:create', resourceType: 'note', resourceId: row.id, after: { ...row } });
  return row;
}

async function deleteNote(tx: Tx<Tables>, noteId: string, hole: Hole): Promise<void> {
  const { numDeletedRows } = await tx.db.deleteFrom('notes').where('id', '=', noteId).executeTakeFirst();
  if (numDeletedRows === 0n) throw new NotFoundError('this note does not exist');
  if (hole !== 'unaudited') tx.audit({ action: 'notes:note:delete', resourceType: 'note', resourceId: noteId });
}
