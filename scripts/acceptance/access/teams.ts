import { expect } from 'vitest';
import { outcome } from './caller.ts';
import { hire, openCompany, type Company } from './company.ts';
import type { Place } from './place.ts';

const path = '/api/v1/teams';

async function chain({ owner }: Company, names: readonly string[]): Promise<string[]> {
  const ids: string[] = [];
  for (const name of names) {
    const parentId = ids.at(-1);
    ids.push((await owner.auth.make(path, { name, slug: name, ...(parentId && { parentId }) })).id);
  }
  return ids;
}

/** Auth §8.11: five levels and no sixth; a move takes along what lies below, and the rights that come from above. */
export async function expectTeamsToNestAndMove(place: Place): Promise<void> {
  const company = await openCompany(place);
  const { owner } = company;
  const lead = await hire(place, company, 'viewer');
  const teams = await chain(company, ['one', 'two', 'three', 'four', 'five']);
  const sixth = await owner.auth.post(path, { name: 'six', slug: 'six', parentId: teams[4] });
  expect(outcome(sixth)).toEqual([422, 'UNPROCESSABLE']);
  const tree = await owner.auth.get(`${path}/${teams[0]}/tree`);
  expect(tree.body.data.map(({ depth }: { depth: number }) => depth)).toEqual([1, 2, 3, 4, 5]);

  const rename = async (team: string) => (await lead.auth.patch(`${path}/${team}`, { name: 'Renamed' })).status;
  expect(await rename(teams[4]!)).toBe(403);
  const role = { roleId: 'tenant-admin', scopeType: 'team', scopeId: teams[0] };
  await owner.auth.make(`/api/v1/users/${lead.id}/roles`, role);
  expect([await rename(teams[0]!), await rename(teams[4]!)]).toEqual([200, 200]);
  const moved = await owner.auth.patch(`${path}/${teams[2]}`, { parentId: null });
  expect([moved.status, moved.body.data.depth]).toEqual([200, 1]);
  expect([await rename(teams[1]!), await rename(teams[2]!), await rename(teams[4]!)]).toEqual([200, 403, 403]);
  expect((await owner.auth.patch(`${path}/${teams[2]}`, { parentId: teams[1] })).status).toBe(200);
  expect(await rename(teams[4]!)).toBe(200);

  const { id: project } = await owner.auth.make('/api/v1/auth/projects', { name: 'Shop', ownerTeamId: teams[4] });
  expect((await owner.auth.delete(`${path}/${teams[4]}`)).status).toBe(409);
  expect((await owner.auth.patch(`/api/v1/auth/projects/${project}`, { ownerTeamId: teams[1] })).status).toBe(200);
  expect((await owner.auth.delete(`${path}/${teams[4]}`)).status).toBe(204);
}

/** A maintainer decides who is in the team and in those below it, and nowhere else. */
export async function expectMaintainersToRuleBelow(place: Place): Promise<void> {
  const company = await openCompany(place);
  const [maintainer, other] = [await hire(place, company, 'member'), await hire(place, company, 'member')];
  const [top, middle, leaf] = (await chain(company, ['top', 'middle', 'leaf'])) as [string, string, string];
  const put = async (team: string, by = maintainer) =>
    (await by.auth.put(`${path}/${team}/members/${other.id}`, { role: 'member' })).status;
  expect(await put(leaf)).toBe(403);
  const role = { role: 'maintainer' };
  expect((await company.owner.auth.put(`${path}/${middle}/members/${maintainer.id}`, role)).status).toBe(200);
  expect([await put(top), await put(middle), await put(leaf)]).toEqual([403, 200, 200]);
  expect(await put(leaf, other)).toBe(403);
}
