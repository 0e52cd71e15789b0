import { decodeEvent, newId } from '@idp/contracts';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JsonObject } from '../../src/domain/model/entity.ts';
import { applyEntityDocument, previewEntityDocument } from '../../src/operations/apply-entity-document.ts';
import { refreshEntity } from '../../src/operations/refresh-entity.ts';
import { registerService } from '../../src/operations/register-service.ts';
import { removeEntity } from '../../src/operations/remove-entity.ts';
import { updateService } from '../../src/operations/update-service.ts';
import { type IngestionWorld, componentYaml, startWorld } from '../support/ingestion-world.ts';

let world: IngestionWorld;
const actor = 'user:test';

beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const door = () => world.context.database.tenant(world.tenantId);
const document = (name: string, spec: JsonObject = {}): JsonObject => ({
  apiVersion: 'backstage.io/v1alpha1',
  kind: 'Component',
  metadata: { name },
  spec: { type: 'service', lifecycle: 'production', owner: 'team-a', ...spec },
});
const apply = (body: JsonObject) =>
  door().write((tx) => applyEntityDocument(tx, world.context, { document: body, actor }));

/** Events of the outbox and the bus, oldest first. */
async function events(
  type: 'EntityCreated' | 'EntityUpdated' | 'EntityDeleted' | 'ServiceRegistered' | 'ServiceUpdated',
) {
  await world.service.events.drain();
  const rows = await world.sql('select headers, payload from bus.records order by created_at, part, "offset"');
  return rows
    .map(({ headers, payload }) => ({ headers: JSON.parse(headers), payload }))
    .filter(({ headers }) => headers.ce_type === `idp.catalog.v1.${type}`)
    .map(({ headers, payload }) => ({
      version: Number(headers.ce_sequence),
      data: decodeEvent(`idp.catalog.v1.${type}`, payload),
    }));
}

test('a document by API is an entity when the transaction commits', async () => {
  const applied = await apply(document('one'));
  expect(applied).toEqual({ ref: 'component:default/one', uid: expect.any(String), revision: 1, created: true });
  expect(await world.entity('component:default/one')).toMatchObject({ uid: applied.uid, revision: 1 });
  expect(await apply(document('one', { owner: 'b' }))).toMatchObject({ revision: 2, created: false });
  expect(await apply(document('one', { owner: 'b' }))).toMatchObject({ revision: 2, created: false });
  const audits = await world.sql('select action, actor from catalog.audit_log where tenant_id = $1 order by id', [
    world.tenantId,
  ]);
  expect(audits.map(({ action }) => action)).toEqual([
    'catalog:entity:create',
    'catalog:entity:update',
    'catalog:entity:update',
  ]);
});

test('what breaks a rule is 400 with the member, and nothing is written', async () => {
  await expect(apply({ ...document('one'), spec: { type: 'x' } })).rejects.toMatchObject({
    code: 'VALIDATION_ERROR',
    message: "/spec must have required property 'lifecycle' - missingProperty: lifecycle",
    details: { issues: [{ path: 'entity.spec', code: 'schema' }] },
  });
  await expect(apply(document('a\0b'))).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
  expect(await world.sql('select count(*)::int as n from catalog.refs')).toEqual([{ n: 0 }]);
});

test('a ref that a file describes is 409 with its source and place', async () => {
  await world.files({ 'a/catalog-info.yaml': componentYaml('one') });
  await world.scan();
  await expect(apply(document('one'))).rejects.toMatchObject({
    code: 'ENTITY_MANAGED_ELSEWHERE',
    details: { source: { kind: 'directory' }, location: `file:${world.directory}/a/catalog-info.yaml` },
  });
  await expect(door().read((tx) => previewEntityDocument(tx, world.context, document('one')))).rejects.toMatchObject({
    code: 'ENTITY_MANAGED_ELSEWHERE',
  });
});

test('a deleted entity of a file returns with the next scan, one of the API does not', async () => {
  await world.files({ 'a/catalog-info.yaml': componentYaml('one') });
  await world.scan();
  await apply(document('two'));
  const remove = (ref: string) => door().write((tx) => removeEntity(tx, world.context, { entity: { ref }, actor }));
  expect(await remove('component:default/one')).toMatchObject({
    returnsWith: expect.stringContaining('catalog-info.yaml'),
  });
  expect(await remove('component:default/two')).toMatchObject({ returnsWith: undefined });
  expect(await world.refs()).toEqual([]);
  await expect(remove('component:default/one')).rejects.toMatchObject({ code: 'NOT_FOUND' });
  await world.scan();
  expect(await world.refs()).toEqual(['component:default/one']);
  expect(await world.entity('component:default/one')).toMatchObject({ revision: 3 });
});

test('one event per revision, with state, own relations and what changed', async () => {
  const { uid } = await apply(document('one', { dependsOn: ['resource:db'] }));
  await apply(document('one', { dependsOn: ['resource:db'], lifecycle: 'retired' }));
  await door().write((tx) => removeEntity(tx, world.context, { entity: { uid }, actor }));
  const [created] = await events('EntityCreated');
  expect(created).toMatchObject({
    version: 1,
    data: { uid, entityRef: 'component:default/one', kind: 'Component', cause: 'api', revision: 1n },
  });
  expect(created?.data).toMatchObject({
    relations: [
      { type: 'ownedBy', targetRef: 'group:default/team-a' },
      { type: 'dependsOn', targetRef: 'resource:default/db' },
    ],
  });
  expect(await events('EntityUpdated')).toMatchObject([{ version: 2, data: { changedFields: ['spec.lifecycle'] } }]);
  expect(await events('EntityDeleted')).toMatchObject([{ version: 3, data: { uid, cause: 'api' } }]);
});

/** Six at a time: more would only wait for a connection. */
async function inParallel(work: (() => Promise<unknown>)[]): Promise<void> {
  const queue = work.values();
  await Promise.all(
    Array.from({ length: 6 }, async () => {
      for (const run of queue) await run();
    }),
  );
}

test('parallel writers leave a dense change stream and dense numbers', { timeout: 30_000 }, async () => {
  const names = Array.from({ length: 40 }, (_, i) => `s${i}`);
  const hub = 'component:default/s39';
  await inParallel(names.map((name) => () => apply(document(name, { dependsOn: [hub] }))));
  await inParallel(names.flatMap((name, i) => [`o${i}`, 'x'].map((owner) => () => apply(document(name, { owner })))));
  const changes = await world.sql('select seq::int, revision from catalog.changes where tenant_id = $1 order by seq', [
    world.tenantId,
  ]);
  expect(changes.map(({ seq }) => seq)).toEqual(changes.map((_, i) => i + 1));
  const [head] = await world.sql('select seq::int, next_no from catalog.heads where tenant_id = $1', [world.tenantId]);
  expect(head.seq).toBe(changes.length);
  const numbers = await world.sql('select no from catalog.refs where tenant_id = $1 order by no', [world.tenantId]);
  expect(numbers.map(({ no }) => no)).toEqual(numbers.map((_, i) => i + 1));
  expect(head.next_no).toBe(numbers.length + 1);
  const revisions = await world.sql(
    `select count(*)::int as n, max(revision) as top from catalog.changes where tenant_id = $1 group by no`,
    [world.tenantId],
  );
  expect(revisions.every(({ n, top }) => n === top)).toBe(true);
});

test('a relation said from both ends is one, and stays while one end says it', async () => {
  await apply(document('a', { dependsOn: ['component:default/b'] }));
  await apply(document('b', { dependencyOf: ['component:default/a'] }));
  const depends = async () => (await world.relations()).filter((edge) => edge.includes(' 5 '));
  expect(await depends()).toEqual(['component:default/a 5 component:default/b']);
  await apply(document('a'));
  expect(await depends()).toEqual(['component:default/a 5 component:default/b']);
  await apply(document('b'));
  expect(await depends()).toEqual([]);
  const [change] = await world.sql('select related from catalog.changes order by seq desc limit 1');
  expect(change.related).toHaveLength(1);
});

test('a service is a Component: registered, announced, changed', async () => {
  const service = {
    name: 'pay',
    ownerRef: 'group:default/team-a',
    repositoryUrl: 'https://github.com/acme/pay',
    tags: ['x'],
  };
  const { uid } = await door().write((tx) =>
    registerService(tx, world.context, { service, actor, judgePlace: () => undefined }),
  );
  expect(await events('ServiceRegistered')).toMatchObject([
    {
      version: 1,
      data: { serviceId: uid, repositoryUrl: 'https://github.com/acme/pay', ownerRef: 'group:default/team-a' },
    },
  ]);
  await expect(
    door().write((tx) => registerService(tx, world.context, { service, actor, judgePlace: () => undefined })),
  ).rejects.toMatchObject({
    code: 'SERVICE_EXISTS',
  });
  const change = { description: 'Takes money', system: 'shop', tags: [] };
  await door().write((tx) => updateService(tx, world.context, { id: uid, change, actor }));
  expect(await events('ServiceUpdated')).toMatchObject([
    { version: 2, data: { changedFields: ['description', 'system', 'tags'] } },
  ]);
  expect((await world.entity('component:default/pay'))?.document).toMatchObject({
    metadata: {
      description: 'Takes money',
      annotations: { 'backstage.io/source-location': 'url:https://github.com/acme/pay' },
    },
    spec: { type: 'service', lifecycle: 'unknown', owner: 'group:default/team-a', system: 'shop' },
  });
});

test('the owner of a service may be a team that a group stands for', async () => {
  const teamId = newId();
  const service = { name: 'pay', ownerTeamId: teamId };
  const register = () =>
    door().write((tx) => registerService(tx, world.context, { service, actor, judgePlace: () => undefined }));
  await expect(register()).rejects.toMatchObject({ code: 'REFERENCE_INVALID' });
  await apply({
    apiVersion: 'backstage.io/v1alpha1',
    kind: 'Group',
    metadata: { name: 'payers', annotations: { 'idp/team-id': teamId } },
    spec: { type: 'team', children: [] },
  });
  await register();
  expect(await world.relations()).toEqual(['component:default/pay 1 group:default/payers']);
  expect(await world.sql('select owner_team_id from catalog.services')).toEqual([{ owner_team_id: teamId }]);
});

test('a service of a file can be refreshed, not changed', async () => {
  await world.files({ 'a/catalog-info.yaml': componentYaml('one') });
  await world.scan();
  const entity = await world.entity('component:default/one');
  const id = entity?.uid ?? '';
  await expect(
    door().write((tx) => updateService(tx, world.context, { id, change: { system: 'x' }, actor })),
  ).rejects.toMatchObject({ code: 'ENTITY_MANAGED_ELSEWHERE' });
  const refresh = (ref: string) => door().write((tx) => refreshEntity(tx, { ref }));
  expect(await refresh('component:default/one')).toHaveLength(1);
  await expect(refresh('component:default/none')).rejects.toMatchObject({ code: 'NOT_FOUND' });
});

test('two tenants with the same names never meet', async () => {
  await apply(document('one', { owner: 'mine' }));
  const other = newId();
  const theirs = world.context.database.tenant(other);
  await theirs.write((tx) =>
    applyEntityDocument(tx, world.context, { document: document('one', { owner: 'theirs' }), actor }),
  );
  expect((await world.entity('component:default/one'))?.document.spec?.['owner']).toBe('mine');
  const rows = await world.sql('select tenant_id, count(*)::int as n from catalog.refs group by 1');
  expect(rows.map(({ n }) => n)).toEqual([2, 2]);
});
