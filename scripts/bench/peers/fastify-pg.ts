// The peer of a read: Fastify and `pg`, one row by its key, sent as it is stored. No tenant, no token, no validation, no log.
import Fastify from 'fastify';
import pg from 'pg';
import { announce } from '../side.ts';

const pool = new pg.Pool({ connectionString: process.env['BENCH_DATABASE_URL'], max: 8 });
const app = Fastify();
app.get<{ Params: { kind: string; namespace: string; name: string } }>(
  '/entities/by-name/:kind/:namespace/:name',
  async (request) => {
    const { kind, namespace, name } = request.params;
    const { rows } = await pool.query<{ document: unknown }>({
      name: 'entity_by_ref',
      text: 'select document from bench_entities where ref = $1',
      values: [`${kind}:${namespace}/${name}`],
    });
    return rows[0]?.document;
  },
);
announce({ url: await app.listen({ port: 0, host: '127.0.0.1' }) });
process.on('SIGTERM', () => void app.close().then(() => process.exit(0)));
