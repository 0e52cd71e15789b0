import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { outgoing, prepareOperations } from '../../src/hostile/target.ts';
import { headerOf, send } from '../../src/hostile/wire/client.ts';
import { auditRowsByRequest, placesHolding, type AuditedRequest } from '../../src/isolation/audit.ts';
import { notesService } from './notes/service.ts';
import { startPlatform } from './platform.ts';
import type { Platform } from './platform.ts';
import { platformServices } from './services.ts';
import { createWorld } from './world.ts';
import type { World } from './world.ts';

/** Changes that are declared to need no audit row of their own: the session and its end have one. */
const declaredUnaudited = new Set(['refreshSession']);

/** One request with several effects, each with its row: an account, a membership and an answered invitation; a tenant and an invitation. */
const severalEffects = new Set(['register', 'createTenant']);

/** Operations that change nothing although they are a POST: queries, checks, and a request to look again. */
const changesNothing =
  /^(queryEntitiesByPredicate|queryEntityFacetsByPredicate|getEntitiesByRefs|getLocationsByQuery|validateEntity|refreshEntity|checkPermissions?|evaluateDecision|listSubjects|authorizeBackstage)$/;

let platform: Platform;
let world: World;

async function start(...extra: Parameters<typeof startPlatform>[0]): Promise<void> {
  platform = await startPlatform([...(await platformServices()), ...extra]);
  world = await createWorld(platform);
}

/** Operations on jobs: their names say what becomes of the job, and nothing else of it changes. */
const saidByName = /^(discard|retry)\w+Job$/;

interface Findings {
  called: number;
  /** Operations whose request left no audit row. */
  unaudited: string[];
  /** Those that left more than one, and how many. */
  several: string[];
  /** Those with a row that says neither what was nor what is. */
  stateless: string[];
}

/** Calls every operation that changes something once, well, and looks at the audit rows of each request. */
async function auditedOperations(): Promise<Findings> {
  const changing = prepareOperations(platform.targets, world.a.fixture).filter(
    ({ operation }) => operation.method !== 'GET' && !changesNothing.test(operation.id),
  );
  const requests = new Map<string, string>();
  for (const prepared of changing) {
    const request = await prepared.request();
    const json = request.body === undefined ? undefined : JSON.stringify(request.body);
    const answer = await send(prepared.target.baseUrl, await outgoing(prepared, request, json));
    if (answer.status >= 300) throw new Error(`${prepared.operation.id} was answered ${answer.status}: ${answer.body}`);
    requests.set(prepared.operation.id, headerOf(answer, 'x-request-id') ?? '');
  }
  const rows = await auditRowsByRequest(platform.database);
  const of = (request: string) => rows.get(request) ?? { rows: 0, stated: true };
  const named = (wrong: (found: AuditedRequest) => boolean) =>
    [...requests].filter(([, request]) => wrong(of(request))).map(([operation]) => operation);
  return {
    called: requests.size,
    unaudited: named((found) => found.rows === 0).filter((operation) => !declaredUnaudited.has(operation)),
    several: named((found) => found.rows > 1).filter((operation) => !severalEffects.has(operation)),
    stateless: named((found) => !found.stated).filter((operation) => !saidByName.test(operation)),
  };
}

describe('every operation that changes something', () => {
  beforeAll(() => start());
  afterAll(async () => {
    await platform[Symbol.asyncDispose]();
  });

  it('leaves one audit row, with what was before or what is now', async () => {
    const { called, ...wrong } = await auditedOperations();
    expect(called).toBeGreaterThan(5);
    expect(wrong).toEqual({ unaudited: [], several: [], stateless: [] });
  });

  it('keeps passwords and tokens out of tables, events, audit rows and logs', async () => {
    await platform.drain();
    const people = Object.values({ ...world.tenants.a.people, ...world.tenants.b.people });
    const secrets = people.flatMap(({ password, token }) => [password, token]);
    expect(await placesHolding(platform.database, secrets)).toEqual([]);
    const logs = platform.logs();
    expect(secrets.filter((secret) => logs.includes(secret))).toEqual([]);
    expect(logs.length).toBeGreaterThan(1_000);
  });
});

describe('the check itself', () => {
  beforeAll(() => start(notesService('unaudited')));
  afterAll(async () => {
    await platform[Symbol.asyncDispose]();
  });

  it('names an operation that leaves none, and a secret in a table', async () => {
    const { unaudited } = await auditedOperations();
    expect(unaudited.toSorted()).toEqual(['createNote', 'deleteNote']);
    expect(await placesHolding(platform.database, [world.a.canary])).not.toEqual([]);
  });
});
