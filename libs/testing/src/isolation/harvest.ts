import { Pool } from '../hostile/openapi/pool.ts';
import { outgoing, prepareOperations, targetOf } from '../hostile/target.ts';
import type { PreparedOperation, Target } from '../hostile/target.ts';
import { headerOf, jsonOf, send } from '../hostile/wire/client.ts';
import type { TenantSide } from './world.ts';

/** Everything a tenant can learn by reading: objects of all answers, cursors, entity tags. */
export async function harvest(targets: readonly Target[], side: TenantSide): Promise<Pool> {
  const pool = new Pool();
  const reads = prepareOperations(targets, side.fixture).filter(({ operation }) => operation.method === 'GET');
  // Lists first: they name what the others ask for.
  for (const prepared of reads.toSorted((left, right) => placeholders(left) - placeholders(right))) {
    const request = await prepared.request();
    const names = prepared.operation.parameters.filter((each) => each.in === 'path').map((each) => each.name);
    const found = names.length === 0 ? {} : (pool.find(names, prepared.operation.path) ?? {});
    // One row a page makes lists hand out cursors.
    const limit = prepared.operation.parameters.some((each) => each.name === 'limit') ? { limit: '1' } : {};
    for (const query of [request.query, { ...request.query, ...limit }]) {
      const target = targetOf(prepared.operation.path, { path: { ...request.path, ...found }, query });
      const sent = await outgoing(prepared, request, undefined);
      const answer = await send(prepared.target.baseUrl, { ...sent, target });
      if (answer.status !== 200) continue;
      pool.add(jsonOf(answer), prepared.operation.path);
      pool.add({ etag: headerOf(answer, 'etag'), link: headerOf(answer, 'link') }, prepared.operation.path);
    }
  }
  return pool;
}

function placeholders({ operation }: PreparedOperation): number {
  return operation.parameters.filter((each) => each.in === 'path').length;
}

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const namesSomething =
  /^(id|uid|name|slug|email|entityRef|targetRef|ref|etag|target|nextCursor|prevCursor)$|(Id|Ref|Uid|Cursor)$/;

/** Values that name something of one tenant and nothing of the other. */
export function foreignValues(own: Pool, other: Pool): readonly string[] {
  const known = other.values();
  return [...own.values()]
    .filter(
      ([value, names]) =>
        !known.has(value) &&
        value.length > 3 &&
        value.length < 4_000 &&
        ([...names].some((name) => namesSomething.test(name)) || uuid.test(value)),
    )
    .map(([value]) => value);
}

/** Values that stand for the rest where all of them would take too long: the newest one of every member name. */
export function oneOfEachKind(values: readonly string[], pool: Pool): readonly string[] {
  const names = pool.values();
  return [...new Map(values.map((value) => [[...(names.get(value) ?? [])].toSorted().join(), value])).values()];
}

/** A value of the same shape that names nothing anywhere. */
export function unknownLike(value: string): string {
  if (uuid.test(value)) return crypto.randomUUID();
  const forged = forgedCursor(value);
  if (forged !== undefined) return forged;
  let seed = 7;
  const next = (letters: string) => letters[(seed = (seed * 31 + 17) % 9_973) % letters.length] ?? 'z';
  // A path, a reference or a URL keeps its beginning and its separators, so that it is understood the same way.
  const [, start = '', rest = ''] = /^((?:[a-z]+:)*(?:\/\/)?(?:[a-z]+\/)?)(.*)$/.exec(value) ?? [];
  return (
    start +
    rest
      .replace(/[a-z]/g, () => next('bcdfghjkmnp'))
      .replace(/[A-Z]/g, () => next('BCDFGHJKMNP'))
      .replace(/[0-9]/g, () => next('23456789'))
  );
}

/** A readable cursor with a signature that nobody made. */
function forgedCursor(value: string): string | undefined {
  try {
    const cursor = JSON.parse(Buffer.from(value, 'base64').toString()) as { sig?: unknown };
    if (typeof cursor.sig !== 'string') return undefined;
    return Buffer.from(JSON.stringify({ ...cursor, sig: unknownLike(cursor.sig) })).toString('base64');
  } catch {
    return undefined;
  }
}
