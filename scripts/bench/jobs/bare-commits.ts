import pg from 'pg';

const tenantId = '00000000-0000-7000-8000-000000000001';
const end = `
  with gone as (delete from bare_jobs where tenant_id = $1 and id = $2 and fence = 1 and state = 'running' returning 1)
  select 1 / count(*) from gone`;

/** Jobs a second that could be ended by a COMMIT each: the statements alone, written in one piece on each of the connections. */
export async function bareCommits(
  url: string,
  { count, connections }: { count: number; connections: number },
): Promise<number> {
  const clients = Array.from({ length: connections }, () => new pg.Client({ connectionString: url, pipeline: true }));
  await Promise.all(clients.map((client) => client.connect()));
  const [first] = clients;
  await first!.query(`create table if not exists bare_jobs
    (tenant_id uuid, id uuid, fence bigint, state text, primary key (tenant_id, id))`);
  const { rows } = await first!.query<{ id: string }>(
    `insert into bare_jobs select $1, gen_random_uuid(), 1, 'running' from generate_series(1, $2::int) returning id`,
    [tenantId, count],
  );
  const began = performance.now();
  await Promise.all(
    clients.map(async (client) => {
      for (let row = rows.pop(); row !== undefined; row = rows.pop()) {
        await Promise.all([
          client.query(`begin;set local app.tenant_id='${tenantId}'`),
          client.query({ name: 'end', text: end, values: [tenantId, row.id] }),
          client.query('commit'),
        ]);
      }
    }),
  );
  const rate = count / ((performance.now() - began) / 1000);
  await Promise.all(clients.map((client) => client.end()));
  return rate;
}
