import { expect } from 'vitest';
import type { Person } from './caller.ts';
import { hireGuest, openCompany } from './company.ts';
import { patient, type Place } from './place.ts';

interface Service {
  name: string;
  type: string;
  lifecycle: string;
}

const types = ['api', 'website', 'worker'];
const lifecycles = ['production', 'experimental', 'deprecated', 'unknown'];
const condition = 'resource.lifecycle in ["production", "deprecated"] && resource.type != "worker"';
const hidden = 'resource.name.startsWith("secret-")';

/** What the conditions say, row by row. */
function isVisible({ name, type, lifecycle }: Service): boolean {
  return ['production', 'deprecated'].includes(lifecycle) && type !== 'worker' && !name.startsWith('secret-');
}

/** 36 services of every type and lifecycle, some of them secret. */
async function fill(owner: Person): Promise<Service[]> {
  const made: Service[] = [];
  for (let number = 0; number < 36; number += 1) {
    const [type, lifecycle] = [types[number % 3]!, lifecycles[Math.floor(number / 3) % 4]!];
    const name = `${number % 5 === 0 ? 'secret-' : 'plain-'}${number}`;
    await owner.catalog.make('/api/v1/services', { name, type, lifecycle, ownerRef: 'group:default/web' });
    made.push({ name, type, lifecycle });
  }
  return made;
}

const namesOf = (services: readonly { name: string }[]): string[] => services.map(({ name }) => name).toSorted();

async function listServices(reader: Person): Promise<{ names: string[]; total: number }> {
  const names: string[] = [];
  for (let cursor = ''; ;) {
    const { body } = await reader.catalog.get(`/api/v1/services?limit=7${cursor && `&cursor=${cursor}`}`);
    names.push(...namesOf(body.data));
    if (body.meta.nextCursor === undefined) return { names: names.toSorted(), total: body.meta.total };
    cursor = encodeURIComponent(body.meta.nextCursor);
  }
}

/** Entities of Backstage's list, its count, and the number of each type by facet. */
async function listEntities(reader: Person) {
  const query = 'filter=kind=component';
  const list = (await reader.catalog.get(`/api/catalog/entities/by-query?${query}&limit=100`)).body;
  const facets = (await reader.catalog.get(`/api/catalog/entity-facets?${query}&facet=spec.type`)).body;
  const byType: { value: string; count: number }[] = facets.facets['spec.type'];
  return {
    names: namesOf(list.items.map(({ metadata }: { metadata: { name: string } }) => metadata)),
    total: list.totalItems,
    types: Object.fromEntries(byType.map(({ value, count }) => [value, count])),
  };
}

/** Auth §8.14: list, count and facet of a conditioned permission are what a filter row by row leaves; so is what auth tells Backstage. */
export async function expectListsToBeFiltered(place: Place): Promise<void> {
  const company = await openCompany(place);
  const { owner } = company;
  const reader = await hireGuest(place, company);
  const all = await fill(owner);
  const rules = ['catalog:service:read', 'catalog:entity:read'].flatMap((permission) => [
    { permission, condition },
    { permission, effect: 'deny', condition: hidden },
  ]);
  const { id: roleId } = await owner.auth.make('/api/v1/auth/roles', { name: 'Reader of what runs', rules });
  await owner.auth.make(`/api/v1/users/${reader.id}/roles`, { roleId });

  const visible = all.filter(isVisible);
  const names = namesOf(visible);
  expect(names.length).toBeGreaterThan(5);
  expect(await listServices(owner)).toEqual({ names: namesOf(all), total: all.length });
  const status = async () => (await reader.catalog.get('/api/v1/services?limit=1')).status;
  await expect.poll(status, patient).toBe(200);
  expect(await listServices(reader)).toEqual({ names, total: names.length });
  const counts = new Map<string, number>();
  for (const { type } of visible) counts.set(type, (counts.get(type) ?? 0) + 1);
  expect(await listEntities(reader)).toEqual({ names, total: names.length, types: Object.fromEntries(counts) });

  const permission = {
    type: 'resource',
    name: 'catalog.entity.read',
    attributes: { action: 'read' },
    resourceType: 'catalog-entity',
  };
  const items = all.map(({ name }) => ({ id: name, permission, resourceRef: `component:default/${name}` }));
  const decided = await reader.auth.post('/api/permission/authorize', { items });
  const allowed = decided.body.items.flatMap(({ id, result }: Record<string, string>) =>
    result === 'ALLOW' ? [id] : [],
  );
  expect(allowed.toSorted()).toEqual(names);
}
