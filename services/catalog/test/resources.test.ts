import { newId } from '@idp/contracts';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCatalog, type RunningCatalog, type TestTenant } from './support/running-catalog.ts';
import { component, seedEntities } from './support/seed-entities.ts';

let catalog: RunningCatalog;
let tenant: TestTenant;
const teams = { payments: newId(), search: newId() };

beforeAll(async () => {
  catalog = await startCatalog();
  tenant = await catalog.tenant();
  await seedEntities(catalog.context, tenant.id, [
    group('payments', { 'idp/team-id': teams.payments.toUpperCase() }),
    group('search', { 'idp/team-id': teams.search }),
    group('idle', { 'idp/team-id': newId() }),
    group('plain', {}),
    component('pay-api', { spec: { owner: 'payments', lifecycle: 'experimental' } }),
    component('nobodys', { spec: { owner: 'plain' } }),
  ]);
}, 60_000);
afterAll(() => catalog[Symbol.asyncDispose]());

function group(name: string, annotations: Record<string, string>): object {
  const metadata = { name, annotations };
  return { apiVersion: 'backstage.io/v1alpha1', kind: 'Group', metadata, spec: { type: 'team', children: [] } };
}

const describeAll = (refs: string[], tenantId = tenant.id, type = 'entity') =>
  catalog.service.resources!.describe({ tenantId, type, refs });
const ownersOf = (...teamIds: string[]) =>
  catalog.service.resources!.owners({ tenantId: tenant.id, type: 'entity', teamIds });

test('entities are described by ref with what rights ask of them', async () => {
  const refs = ['component:default/nobodys', 'component:default/nothing', 'Component:default/Pay-API'];
  const [nobodys, nothing, pay] = await describeAll(refs);
  expect(nothing).toBeUndefined();
  expect(nobodys).toMatchObject({ type: 'entity', tenantId: tenant.id, attributes: { name: 'nobodys' } });
  expect(nobodys).not.toHaveProperty('scope');
  expect(pay).toMatchObject({
    attributes: {
      kind: 'component',
      namespace: 'default',
      name: 'pay-api',
      type: 'service',
      lifecycle: 'experimental',
    },
    scope: { teamId: teams.payments },
  });
});

test('no entity of another tenant, and nothing of another type, is described', async () => {
  expect(await describeAll(['component:default/pay-api'], newId())).toEqual([undefined]);
  expect(await describeAll(['component:default/pay-api'], tenant.id, 'location')).toEqual([undefined]);
});

test('the owners of what lies in teams are the groups that name them', async () => {
  expect(await ownersOf(teams.payments)).toEqual(['group:default/payments']);
  expect(await ownersOf(teams.search.toUpperCase(), teams.payments)).toEqual([
    'group:default/payments',
    'group:default/search',
  ]);
  expect(await ownersOf(newId())).toEqual([]);
});
