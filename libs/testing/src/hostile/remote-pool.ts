import { operationsOf } from './openapi/document.ts';
import { Pool } from './openapi/pool.ts';
import type { Target } from './target.ts';
import { jsonOf, send } from './wire/client.ts';

/** What the lists of a platform show to one account: ids for paths. */
export async function createFixturePool(target: Target, headers: Readonly<Record<string, string>>): Promise<Pool> {
  const pool = new Pool();
  const lists = operationsOf(target.document).filter(({ method, path }) => method === 'GET' && !path.includes('{'));
  for (const { path, parameters } of lists) {
    const limit = parameters.some((each) => each.name === 'limit') ? '?limit=5' : '';
    const answer = await send(target.baseUrl, { method: 'GET', target: `${path}${limit}`, headers });
    if (answer.status === 200) pool.add(jsonOf(answer), path);
  }
  return pool;
}
