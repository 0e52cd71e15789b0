import { CompiledQuery } from 'kysely';
import { z } from 'zod';
import type { Database } from '@idp/database';
import { defineService, envelope, principalOf, type RoutePlugin } from '@idp/service';

interface Tables {
  bench_rows: { tenant_id: string; id: string; body: string };
}

const answer = envelope(z.object({ body: z.string() }));
const oneRow = CompiledQuery.raw('select body from bench_rows where id = $1', ['one']) as CompiledQuery<{
  body: string;
}>;
const permission = 'bench:row:read';

/** Routes that add one layer each, so that the difference between two of them is the price of a layer. */
function layerRoutes(database: Database<Tables>): RoutePlugin {
  return async (app) => {
    const schema = (operationId: string) => ({ operationId, summary: operationId, response: { 200: answer } });
    const text = { data: { body: 'x'.repeat(400) } };
    app.get('/api/v1/bench/public', { config: { access: 'public' }, schema: schema('public') }, async () => text);
    app.get('/api/v1/bench/guarded', { config: { permission }, schema: schema('guarded') }, async () => text);
    app.get('/api/v1/bench/row', { config: { permission }, schema: schema('row') }, async (request) => {
      const { tenantId } = principalOf(request);
      const [row] = await database.tenant(tenantId).select('benchRow', oneRow);
      return { data: { body: row?.body ?? text.data.body } };
    });
  };
}

/** The kernel's layers under load; part of no fleet. */
export const bench = defineService({
  name: 'bench',
  description: 'Layers of the kernel',
  config: z.object({}),
  migrations: new URL('./migrations/', import.meta.url),
  permissions: { [permission]: { description: 'Read', resource: 'row', role: 'viewer' } },
  createContext: ({ database }) => ({ database: database as Database<Tables> }),
  routes: ({ database }) => [layerRoutes(database)],
});
