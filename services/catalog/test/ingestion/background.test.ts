import { afterEach, expect, test } from 'vitest';
import {
  type IngestionWorld,
  type WorldOptions,
  componentYaml,
  eventually,
  startWorld,
} from '../support/ingestion-world.ts';
import { type TenantEvents, startTenantEvents } from '../support/tenant-events.ts';

let world: IngestionWorld | undefined;
let events: TenantEvents | undefined;

async function start(options: WorldOptions): Promise<{ world: IngestionWorld; events: TenantEvents }> {
  world = await startWorld(options);
  events = await startTenantEvents(world);
  return { world, events };
}

afterEach(async () => {
  await events?.[Symbol.asyncDispose]();
  await world?.[Symbol.asyncDispose]();
});

test('a new tenant is prepared once, and the others are told', async () => {
  const { world, events } = await start({});
  await events.created(world.tenantId, 'acme');
  const tenants = await eventually(
    () => world.sql('select tenant_id, slug, status from catalog.tenants'),
    (rows) => rows.length > 0,
  );
  expect(tenants).toEqual([{ tenant_id: world.tenantId, slug: 'acme', status: 'active' }]);
  expect(await world.sql('select seq, next_no, model_version from catalog.heads')).toEqual([
    { seq: '0', next_no: 1, model_version: 1 },
  ]);
  const told = await eventually(
    () => world.sql(`select key from bus.records where topic = 'idp.catalog.tenant.v1'`),
    (rows) => rows.length > 0,
  );
  expect(told).toHaveLength(1);
});

test('a configured directory waits for the first tenant, is read, and followed event by event', async () => {
  const { world, events } = await start({ watch: true, env: { CATALOG_DIRECTORY_SCAN_SECONDS: '3600' } });
  await world.files({ 'a/catalog-info.yaml': componentYaml('one') });
  await events.created(world.tenantId, 'acme');
  await eventually(world.refs, (refs) => refs.includes('component:default/one'));
  await world.files({ 'a/catalog-info.yaml': componentYaml('one', { owner: 'team-b' }) });
  await eventually(
    () => world.entity('component:default/one'),
    (entity) => entity?.document.spec?.['owner'] === 'team-b',
  );
  await world.files({ 'b/c/catalog-info.yaml': componentYaml('two') });
  await eventually(world.refs, (refs) => refs.length === 2);
  await world.files({ 'a/catalog-info.yaml': null });
  expect(await eventually(world.refs, (refs) => refs.length === 1)).toEqual(['component:default/two']);
});

test('a directory belongs to the tenant its slug names', async () => {
  const { world, events } = await start({ watch: true, env: { CATALOG_DIRECTORIES_TENANT: 'second' } });
  await world.files({ 'a/catalog-info.yaml': componentYaml('one') });
  await events.created('00000000-0000-7000-8000-00000000000a', 'first');
  await eventually(
    () => world.sql('select slug from catalog.tenants'),
    (rows) => rows.length === 1,
  );
  await events.created(world.tenantId, 'second');
  await eventually(world.refs, (refs) => refs.length === 1);
  expect(await world.sql('select distinct tenant_id from catalog.entities')).toEqual([{ tenant_id: world.tenantId }]);
});

test('an entity without descriptor stays for its grace time, and is deleted after it', async () => {
  const { world, events } = await start({ env: { CATALOG_ORPHAN_GRACE_SECONDS: '1' } });
  await events.created(world.tenantId, 'acme');
  await world.files({ 'a/catalog-info.yaml': componentYaml('one') });
  await world.scan();
  await world.files({ 'a/catalog-info.yaml': null });
  expect(await world.scan()).toMatchObject({ deleted: 0, orphaned: 1 });
  expect(await world.refs()).toEqual(['component:default/one']);
  expect(await world.sql('select state from catalog.claims')).toEqual([{ state: 'orphan' }]);
  await eventually(world.refs, (refs) => refs.length === 0);
  expect(await world.sql('select op from catalog.changes order by seq')).toEqual([
    { op: 'created' },
    { op: 'deleted' },
  ]);
});

test('a descriptor that comes back within the grace time finds its entity untouched', async () => {
  const { world } = await start({ env: { CATALOG_ORPHAN_GRACE_SECONDS: '600' } });
  await world.files({ 'a/catalog-info.yaml': componentYaml('one') });
  await world.scan();
  await world.files({ 'a/catalog-info.yaml': null });
  await world.scan();
  await world.files({ 'a/catalog-info.yaml': componentYaml('one') });
  expect(await world.scan()).toMatchObject({ created: 0, updated: 0 });
  expect(await world.entity('component:default/one')).toMatchObject({ revision: 1 });
  expect(await world.sql('select state from catalog.claims')).toEqual([{ state: 'active' }]);
});
