import { afterAll, beforeAll, expect, test } from 'vitest';
import { startCatalog, type RunningCatalog, type TestTenant } from '../support/running-catalog.ts';
import { component, seedEntities } from '../support/seed-entities.ts';

let catalog: RunningCatalog;
let a: TestTenant;
let b: TestTenant;

beforeAll(async () => {
  catalog = await startCatalog();
  [a, b] = [await catalog.tenant(), await catalog.tenant()];
  await seedEntities(
    catalog.context,
    a.id,
    ['one', 'two', 'three'].map((name) => component(name)),
  );
});
afterAll(() => catalog?.[Symbol.asyncDispose]());

const facetsOf = async (tenant: TestTenant, query = 'facet=spec.lifecycle') => {
  const answer = await catalog.request('GET', `/api/catalog/entity-facets?${query}`, { token: tenant.owner.token });
  expect(answer.status).toBe(200);
  return answer.body.facets as Record<string, { value: string; count: number }[]>;
};

async function hits(): Promise<number> {
  const metric = await catalog.service.telemetry.metrics.registry.getSingleMetric('cache_requests_total')!.get();
  return metric.values.find(({ labels }) => labels['cache'] === 'facets' && labels['outcome'] === 'hit')?.value ?? 0;
}

test('counts are read once for each state of the catalog and each question', async () => {
  const first = await facetsOf(a);
  expect(first).toEqual({ 'spec.lifecycle': [{ value: 'production', count: 3 }] });
  const before = await hits();
  expect(await facetsOf(a)).toEqual(first);
  expect(await hits()).toBe(before + 1);
  expect(await facetsOf(a, 'facet=kind')).toEqual({ kind: [{ value: 'Component', count: 3 }] });
  expect(await facetsOf(a, 'facet=spec.lifecycle&filter=metadata.name=one')).toEqual({
    'spec.lifecycle': [{ value: 'production', count: 1 }],
  });
  expect(await hits()).toBe(before + 1);
});

test('what is kept of one tenant is nothing to another', async () => {
  await facetsOf(a);
  expect(await facetsOf(b)).toEqual({ 'spec.lifecycle': [] });
});

test('a write shows in the next answer', async () => {
  expect((await facetsOf(a))['spec.lifecycle']).toEqual([{ value: 'production', count: 3 }]);
  await seedEntities(catalog.context, a.id, [component('four', { spec: { lifecycle: 'experimental' } })]);
  expect((await facetsOf(a))['spec.lifecycle']).toEqual([
    { value: 'experimental', count: 1 },
    { value: 'production', count: 3 },
  ]);
  await seedEntities(catalog.context, a.id, [component('four', { spec: { lifecycle: 'production' } })]);
  expect((await facetsOf(a))['spec.lifecycle']).toEqual([{ value: 'production', count: 4 }]);
});
