import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkLocation } from '../../src/operations/check-location.ts';
import { deleteLocation } from '../../src/operations/delete-location.ts';
import { previewLocation } from '../../src/operations/preview-location.ts';
import { registerLocation } from '../../src/operations/register-location.ts';
import { summarizeCatalog } from '../../src/operations/summarize-catalog.ts';
import { updateLocation } from '../../src/operations/update-location.ts';
import { type FileServer, startFileServer } from '../support/file-server.ts';
import { type IngestionWorld, componentYaml, eventually, startWorld } from '../support/ingestion-world.ts';

let server: FileServer;
let world: IngestionWorld;
const actor = 'user:test';

beforeEach(async () => {
  server = await startFileServer();
  world = await startWorld({ egressAllow: ['127.0.0.1/32'] });
});
afterEach(async () => {
  await world[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const place = (path: string) => ({ type: 'url', target: `${server.url}${path}` });
const register = (path: string, onConflict: 'refresh' | 'reject' = 'reject') => {
  return world.context.database
    .tenant(world.tenantId)
    .write((tx) => registerLocation(tx, world.context, { location: place(path), onConflict, actor }));
};
const sync = (sourceId: string) => world.context.syncs.run(world.tenantId, sourceId, AbortSignal.timeout(10_000));
const locationYaml = (targets: string) => `apiVersion: backstage.io/v1alpha1
kind: Location
metadata: {name: all}
spec: {targets: [${targets}]}
`;

test('a registered location is an entity at once; what it points at follows', async () => {
  server.files.set('/all.yaml', locationYaml('./one.yaml, sub/two.yaml'));
  server.files.set('/one.yaml', componentYaml('one'));
  server.files.set('/sub/two.yaml', componentYaml('two'));
  const { location, entity } = await register('/all.yaml');
  expect(entity?.spec).toEqual({ type: 'url', target: `${server.url}/all.yaml`, presence: 'required' });
  expect(await world.entity(location.entityRef)).toMatchObject({ revision: 1 });
  const refs = await eventually(world.refs, (found) => found.length === 4);
  expect(refs).toEqual(
    ['component:default/one', 'component:default/two', location.entityRef, 'location:default/all'].toSorted(),
  );
  expect((await world.entity('component:default/two'))?.document.metadata.annotations).toMatchObject({
    'backstage.io/managed-by-location': `url:${server.url}/sub/two.yaml`,
    'backstage.io/managed-by-origin-location': `url:${server.url}/all.yaml`,
    'backstage.io/source-location': `url:${server.url}/sub/`,
  });
  const parents = await world.sql(
    `select r.ref, p.ref as parent from catalog.claims c join catalog.refs r using (tenant_id, no)
     left join catalog.refs p on (p.tenant_id, p.no) = (c.tenant_id, c.parent_no) order by 1`,
  );
  expect(parents).toEqual(
    [
      { ref: 'component:default/one', parent: 'location:default/all' },
      { ref: 'component:default/two', parent: 'location:default/all' },
      { ref: 'location:default/all', parent: location.entityRef },
      { ref: location.entityRef, parent: null },
    ].toSorted((a, b) => (a.ref < b.ref ? -1 : 1)),
  );
});

test('an unchanged file costs a conditional request and nothing else', async () => {
  server.files.set('/one.yaml', componentYaml('one'));
  const { location } = await register('/one.yaml');
  await eventually(world.refs, (found) => found.length === 2);
  await sync(location.sourceId);
  server.answers.length = 0;
  expect(await sync(location.sourceId)).toMatchObject({ outcome: 'succeeded', updated: 0, deleted: 0, files: 1 });
  expect(server.answers).toEqual(['/one.yaml 304']);
  server.files.set('/one.yaml', componentYaml('one', { owner: 'team-b' }));
  expect(await sync(location.sourceId)).toMatchObject({ updated: 1 });
});

test.each([404, 403, 429, 500])('a server that answers %i deletes nothing', async (status) => {
  server.files.set('/one.yaml', componentYaml('one'));
  const { location } = await register('/one.yaml');
  await eventually(world.refs, (found) => found.length === 2);
  server.files.set('/one.yaml', status);
  expect(await sync(location.sourceId)).toMatchObject({ deleted: 0, orphaned: 0 });
  expect(await world.refs()).toContain('component:default/one');
  expect((await world.entity('component:default/one'))?.status).toHaveLength(1);
  expect((await world.entity(location.entityRef))?.status).toHaveLength(1);
  server.files.set('/one.yaml', componentYaml('one'));
  await sync(location.sourceId);
  expect((await world.entity(location.entityRef))?.status).toBeNull();
  expect((await world.entity('component:default/one'))?.status).toBeNull();
});

test('kinds a registered location may not bring in are refused', async () => {
  const group =
    'apiVersion: backstage.io/v1alpha1\nkind: Group\nmetadata: {name: g}\nspec: {type: team, children: []}\n';
  server.files.set('/g.yaml', group);
  await register('/g.yaml');
  const { refused } = await eventually(
    () => summarizeCatalog(world.context, world),
    (summary) => summary.refused.length > 0,
  );
  expect(refused).toMatchObject([{ reason: 'kind-not-allowed', line: 2, column: 7 }]);
});

test('a target that is registered is 409, or read again', async () => {
  server.files.set('/one.yaml', componentYaml('one'));
  const { location } = await register('/one.yaml');
  await expect(register('/one.yaml')).rejects.toMatchObject({ code: 'LOCATION_EXISTS' });
  expect(await register('/one.yaml', 'refresh')).toMatchObject({ location: { id: location.id }, entity: undefined });
});

test('a location that moves keeps id and entity ref, and its entities follow the new target', async () => {
  server.files.set('/one.yaml', componentYaml('one'));
  server.files.set('/two.yaml', componentYaml('two'));
  const { location } = await register('/one.yaml');
  await eventually(world.refs, (found) => found.includes('component:default/one'));
  const door = world.context.database.tenant(world.tenantId);
  const moved = await door.write((tx) =>
    updateLocation(tx, world.context, { id: location.id, location: place('/two.yaml'), actor }),
  );
  expect(moved).toMatchObject({ id: location.id, entityRef: location.entityRef, target: `${server.url}/two.yaml` });
  const refs = await eventually(world.refs, (found) => found.includes('component:default/two') && found.length === 2);
  expect(refs).toEqual(['component:default/two', location.entityRef]);
});

test('a removed location takes with it what only it described', async () => {
  server.files.set('/one.yaml', componentYaml('one'));
  await world.files({ 'a/catalog-info.yaml': componentYaml('shared') });
  server.files.set('/all.yaml', `${componentYaml('two')}---\n${componentYaml('shared', { owner: 'url' })}`);
  await world.scan();
  const { location } = await register('/all.yaml');
  await eventually(world.refs, (found) => found.includes('component:default/two'));
  const door = world.context.database.tenant(world.tenantId);
  await door.write((tx) => deleteLocation(tx, world.context, { id: location.id, actor }));
  expect(await world.refs()).toEqual(['component:default/shared']);
  expect((await world.entity('component:default/shared'))?.document.spec?.['owner']).toBe('team-a');
  expect(await world.sql('select count(*)::int as n from catalog.sources where kind = $1', ['location'])).toEqual([
    { n: 0 },
  ]);
  await expect(door.write((tx) => deleteLocation(tx, world.context, { id: location.id, actor }))).rejects.toMatchObject(
    {
      code: 'NOT_FOUND',
    },
  );
});

test('a preview shows what would come and stores nothing', async () => {
  server.files.set('/one.yaml', componentYaml('one'));
  const preview = () =>
    previewLocation(world.context, {
      tenantId: world.tenantId,
      location: place('/one.yaml'),
      signal: AbortSignal.timeout(5000),
    });
  const { entities, exists } = await preview();
  expect(exists).toBe(false);
  expect(entities.map(({ kind, metadata }) => `${kind} ${metadata.name}`)).toEqual([
    expect.stringMatching(/^Location generated-[0-9a-f]{40}$/),
    'Component one',
  ]);
  expect(await world.refs()).toEqual([]);
  server.files.set('/one.yaml', 'kind: [');
  await expect(preview()).rejects.toMatchObject({ code: 'VALIDATION_ERROR' });
});

test.each([
  ['http://169.254.169.254/latest/meta-data', 'URL_NOT_ALLOWED'],
  ['https://10.0.0.1/catalog-info.yaml', 'URL_NOT_ALLOWED'],
  ['https://localhost/catalog-info.yaml', 'URL_NOT_ALLOWED'],
  ['javascript:alert(1)', 'VALIDATION_ERROR'],
  ['not a url', 'VALIDATION_ERROR'],
])('the target %s is refused when it is registered', async (target, code) => {
  const check = checkLocation(world.context, { tenantId: world.tenantId, location: { type: 'url', target } });
  await expect(check).rejects.toMatchObject({ code });
  expect(server.answers).toEqual([]);
});

test('only allowed types can be registered', async () => {
  const location = { type: 'file', target: '/etc/passwd' };
  await expect(checkLocation(world.context, { tenantId: world.tenantId, location })).rejects.toMatchObject({
    message: 'Registered locations must be of an allowed type ["url"]',
  });
});

test('a file may include from its own host alone, and never from a private address', async () => {
  const api = (name: string, target: string) => `apiVersion: backstage.io/v1alpha1
kind: API
metadata: {name: ${name}}
spec: {type: openapi, lifecycle: production, owner: a, definition: {$text: "${target}"}}
`;
  server.files.set('/x/openapi.yaml', 'openapi: 3.1.0');
  server.files.set(
    '/all.yaml',
    [
      api('good', './x/openapi.yaml'),
      api('host', 'https://example.com/a'),
      api('meta', 'http://169.254.169.254/'),
    ].join('---\n'),
  );
  const { location } = await register('/all.yaml');
  await eventually(world.refs, (found) => found.includes('api:default/good'));
  await sync(location.sourceId);
  expect((await world.entity('api:default/good'))?.document.spec?.['definition']).toBe('openapi: 3.1.0');
  const { refused } = await summarizeCatalog(world.context, world);
  expect(refused.map(({ reason, line }) => [reason, line])).toEqual([
    ['include', 9],
    ['include', 14],
  ]);
});
