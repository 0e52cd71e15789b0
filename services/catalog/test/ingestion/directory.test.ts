import { rename, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { summarizeCatalog } from '../../src/operations/summarize-catalog.ts';
import { type IngestionWorld, componentYaml, startWorld } from '../support/ingestion-world.ts';

let world: IngestionWorld;

beforeEach(async () => {
  world = await startWorld();
});
afterEach(() => world[Symbol.asyncDispose]());

const refused = async () => (await summarizeCatalog(world.context, world)).refused;

test('a changed file updates its entity: same uid, next revision, old terms and relations gone', async () => {
  await world.files({ 'a/catalog-info.yaml': componentYaml('one', { spec: '  system: shop\n' }) });
  await world.scan();
  const before = await world.entity('component:default/one');
  await world.files({ 'a/catalog-info.yaml': componentYaml('one', { owner: 'team-b' }) });
  expect(await world.scan()).toMatchObject({ updated: 1, created: 0 });
  const after = await world.entity('component:default/one');
  expect(after).toMatchObject({ uid: before?.uid, revision: 2, document: { spec: { owner: 'team-b' } } });
  expect(after?.document.metadata.etag).not.toBe(before?.document.metadata.etag);
  expect(await world.relations()).toEqual(['component:default/one 1 group:default/team-b']);
  const terms = await world.sql(
    `select k.key, v.original from catalog.terms t join catalog.term_keys k on (k.tenant_id, k.id) = (t.tenant_id, t.key_id)
     join catalog.term_values v on (v.tenant_id, v.id) = (t.tenant_id, t.value_id) where t.tenant_id = $1 and k.key like 'spec.%' order by 1`,
    [world.tenantId],
  );
  expect(terms.map(({ key, original }) => `${key}=${original}`)).toEqual([
    'spec.lifecycle=production',
    'spec.owner=team-b',
    'spec.type=service',
  ]);
});

test('entities carry where they come from', async () => {
  await world.files({ 'a/catalog-info.yml': componentYaml('one') });
  await world.scan();
  const entity = await world.entity('component:default/one');
  expect(entity?.document.metadata).toMatchObject({
    namespace: 'default',
    uid: entity?.uid,
    annotations: {
      'backstage.io/managed-by-location': `file:${world.directory}/a/catalog-info.yml`,
      'backstage.io/managed-by-origin-location': `file:${world.directory}`,
    },
  });
});

test('a descriptor that moves keeps its entity, uid and history', async () => {
  await world.files({ 'a/catalog-info.yaml': componentYaml('one') });
  await world.scan();
  const before = await world.entity('component:default/one');
  await world.files({ 'b/catalog-info.yaml': componentYaml('one'), 'a/catalog-info.yaml': null });
  expect(await world.scan()).toMatchObject({ deleted: 0, created: 0, updated: 1 });
  const after = await world.entity('component:default/one');
  expect(after).toMatchObject({ uid: before?.uid, revision: 2 });
  expect(after?.document.metadata.annotations?.['backstage.io/managed-by-location']).toContain('/b/');
});

test('the first of two descriptors of one ref is shown; the other takes over when it goes', async () => {
  await world.files({ 'a/catalog-info.yaml': componentYaml('one', { owner: 'first' }) });
  await world.scan();
  await world.files({ 'b/catalog-info.yaml': componentYaml('one', { owner: 'second' }) });
  expect(await world.scan()).toMatchObject({ shadowed: 1, updated: 0 });
  expect((await world.entity('component:default/one'))?.document.spec?.['owner']).toBe('first');
  await world.files({ 'a/catalog-info.yaml': null });
  await world.scan();
  expect(await world.entity('component:default/one')).toMatchObject({
    revision: 2,
    document: { spec: { owner: 'second' } },
  });
  expect(await world.relations()).toEqual(['component:default/one 1 group:default/second']);
});

test('what is gone from the directory is deleted; what returns keeps its uid and counts on', async () => {
  await world.files({ 'a/catalog-info.yaml': componentYaml('one'), 'b/catalog-info.yaml': componentYaml('two') });
  await world.scan();
  const before = await world.entity('component:default/one');
  await world.files({ 'a/catalog-info.yaml': null });
  expect(await world.scan()).toMatchObject({ deleted: 1 });
  expect(await world.refs()).toEqual(['component:default/two']);
  expect(await world.relations()).toEqual(['component:default/two 1 group:default/team-a']);
  await world.files({ 'a/catalog-info.yaml': componentYaml('one') });
  await world.scan();
  expect(await world.entity('component:default/one')).toMatchObject({ uid: before?.uid, revision: 3 });
});

test('a document broken by an edit leaves the last good entity and says so; the fix clears it', async () => {
  const two = `${componentYaml('one')}---\n${componentYaml('two')}`;
  await world.files({ 'a/catalog-info.yaml': two });
  await world.scan();
  await world.files({ 'a/catalog-info.yaml': two.replace('kind: Component', 'kind: [') });
  expect(await world.scan()).toMatchObject({ deleted: 0, refused: 1 });
  const broken = await world.entity('component:default/one');
  expect(broken).toMatchObject({ revision: 2, document: { kind: 'Component' } });
  expect(broken?.status).toMatchObject([{ type: 'backstage.io/catalog-processing', level: 'error' }]);
  expect((await world.entity('component:default/two'))?.status).toBeNull();
  expect(await refused()).toMatchObject([{ file: 'a/catalog-info.yaml', reason: 'yaml', line: expect.any(Number) }]);
  await world.files({ 'a/catalog-info.yaml': two });
  await world.scan();
  expect(await world.entity('component:default/one')).toMatchObject({ revision: 3, status: null });
  expect(await refused()).toEqual([]);
});

test('a broken rule is shown at its line, at the entity it is about', async () => {
  await world.files({ 'a/catalog-info.yaml': componentYaml('one') });
  await world.scan();
  await world.files({ 'a/catalog-info.yaml': componentYaml('one', { metadata: '  tags: [ok, Not-OK]\n' }) });
  await world.scan();
  expect((await world.entity('component:default/one'))?.status?.[0]?.message).toContain('"tags.1" is not valid');
  expect(await refused()).toMatchObject([{ line: 5, column: 14, reason: 'format' }]);
});

test('only the included text changes: the entity follows', async () => {
  const api = `apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: pay}
spec: {type: openapi, lifecycle: production, owner: a, definition: {$text: ./openapi.yaml}}
`;
  await world.files({ 'a/catalog-info.yaml': api, 'a/openapi.yaml': 'openapi: 3.0.0\n' });
  await world.scan();
  await world.files({ 'a/openapi.yaml': 'openapi: 3.1.0\n' });
  expect(await world.scan()).toMatchObject({ updated: 1 });
  expect((await world.entity('api:default/pay'))?.document.spec?.['definition']).toBe('openapi: 3.1.0\n');
});

test('nothing outside the directory can be reached, by path or by link', async () => {
  const include = (target: string) => `apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: leak}
spec: {type: openapi, lifecycle: production, owner: a, definition: {$text: ${target}}}
`;
  await world.files({
    'a/catalog-info.yaml': include('../../../../../../etc/passwd'),
    'b/catalog-info.yaml': include('/etc/passwd'),
    'c/catalog-info.yaml': include('./link'),
    'inside.yaml': 'x',
  });
  await symlink('/etc/passwd', join(world.directory, 'c/link'));
  await symlink('/etc', join(world.directory, 'etc'));
  await symlink('/etc/hostname', join(world.directory, 'catalog-info.yaml'));
  await world.scan();
  expect(await world.refs()).toEqual([]);
  const reasons = (await refused()).map(({ file, reason, message }) => [file, reason, message.includes('leads out')]);
  expect(reasons).toEqual([
    ['a/catalog-info.yaml', 'path', true],
    ['b/catalog-info.yaml', 'path', true],
    ['c/catalog-info.yaml', 'path', true],
    ['catalog-info.yaml', 'path', true],
  ]);
});

test('a Location entity leads to other files; a missing one is shown at it', async () => {
  const location = (targets: string) => `apiVersion: backstage.io/v1alpha1
kind: Location
metadata: {name: all}
spec: {targets: [${targets}]}
`;
  await world.files({
    'catalog-info.yaml': location('./services/one.yaml, ./services/none.yaml'),
    'services/one.yaml': componentYaml('one'),
  });
  await world.scan();
  expect(await world.refs()).toEqual(['component:default/one', 'location:default/all']);
  expect((await world.entity('location:default/all'))?.status?.[0]?.message).toContain(
    'services/none.yaml does not exist',
  );
  const [claim] = await world.sql(
    `select p.ref from catalog.claims c join catalog.refs r using (tenant_id, no)
     join catalog.refs p on (p.tenant_id, p.no) = (c.tenant_id, c.parent_no) where r.ref = 'component:default/one'`,
  );
  expect(claim).toEqual({ ref: 'location:default/all' });
  await world.files({ 'catalog-info.yaml': location('./services/one.yaml') });
  await world.scan();
  expect(await world.entity('location:default/all')).toMatchObject({ status: null });
  expect(await refused()).toEqual([]);
  expect(await world.scan()).toMatchObject({ updated: 0, created: 0, deleted: 0 });
});

test('a listing that loses too much at once deletes nothing until it is what the directory says again', async () => {
  const files = Object.fromEntries(
    Array.from({ length: 60 }, (_, i) => [`s${i}/catalog-info.yaml`, componentYaml(`s${i}`)] as const),
  );
  await world.files(files);
  await world.scan();
  const some = Object.fromEntries(
    Object.keys(files)
      .slice(0, 25)
      .map((path) => [path, null]),
  );
  await world.files(some);
  expect(await world.scan()).toMatchObject({ outcome: 'held', deleted: 0 });
  expect(await world.refs()).toHaveLength(60);
  const [source] = await world.sql(`select held_deletes from catalog.sources where tenant_id = $1`, [world.tenantId]);
  expect(source).toEqual({ held_deletes: 25 });
  await world.files(Object.fromEntries(Object.entries(files).slice(0, 15)));
  expect(await world.scan()).toMatchObject({ outcome: 'succeeded', deleted: 10 });
  expect(await world.refs()).toHaveLength(50);
});

test('a directory that cannot be listed is a failed run and changes nothing', async () => {
  await world.files({ 'a/catalog-info.yaml': componentYaml('one') });
  await world.scan();
  const moved = `${world.directory}-moved`;
  await rename(world.directory, moved);
  expect(await world.scan()).toMatchObject({ outcome: 'failed', deleted: 0 });
  expect(await world.refs()).toEqual(['component:default/one']);
  await rename(moved, world.directory);
  expect(await world.scan()).toMatchObject({ outcome: 'succeeded', created: 0 });
});
