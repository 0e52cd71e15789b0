import type { PreparedOperation, Fixture, Sides } from '../target.ts';
import { targetOf } from '../target.ts';
import type { Answer } from '../wire/client.ts';
import { headerOf, jsonOf, send } from '../wire/client.ts';
import type { EachInput } from './input.ts';
import { operationsMeant } from './selection.ts';

type Find = (foreign: PreparedOperation, sides: Sides) => Promise<string | undefined>;

/** Names that mean something else at every operation. */
const finders: Readonly<Record<string, Find>> = {
  'A.etag': async (foreign) => headerOf(await read(foreign, {}), 'etag'),
  'A.cursor': (foreign) => firstCursor(foreign),
  async 'A.cursorOfOtherRoute'(foreign, sides) {
    for (const other of operationsMeant('list', sides.a)) {
      const cursor = other.operation.id === foreign.operation.id ? undefined : await firstCursor(other);
      if (cursor !== undefined) return cursor;
    }
    return undefined;
  },
};

/** The fixture with the names an item uses that mean something else at every operation; undefined where A has nothing of the kind there. */
export async function withLocalNames(
  input: EachInput,
  foreign: PreparedOperation,
  { fixture, sides }: { fixture: Fixture; sides: Sides },
): Promise<Fixture | undefined> {
  const asked = JSON.stringify(input);
  const [name, find] = Object.entries(finders).find(([each]) => asked.includes(`«${each}»`)) ?? [];
  if (find === undefined) return fixture;
  const value = await find(foreign, sides);
  if (value === undefined) return undefined;
  return { ...fixture, names: (each) => (each === name ? value : fixture.names(each)) };
}

async function firstCursor(list: PreparedOperation): Promise<string | undefined> {
  const page = jsonOf(await read(list, { limit: '1' })) as { meta?: { nextCursor?: string | null } } | undefined;
  return page?.meta?.nextCursor ?? undefined;
}

/** A reads what is its own. */
async function read(prepared: PreparedOperation, query: Readonly<Record<string, string>>): Promise<Answer> {
  const request = await prepared.request();
  return send(prepared.target.baseUrl, {
    method: 'GET',
    target: targetOf(prepared.operation.path, { ...request, query: { ...request.query, ...query } }),
    headers: await prepared.headers(),
  });
}
