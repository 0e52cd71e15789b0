import { expect } from 'vitest';
import { callerWith, outcome, refresh, signIn, statusAtCatalog } from './caller.ts';
import { openCompany } from './company.ts';
import { patient, type Place } from './place.ts';

/** Auth §8.3. */
export async function expectOneRotation(place: Place): Promise<void> {
  const { owner } = await openCompany(place);
  const { refreshToken, sessionId } = await signIn(place, owner.account);
  const answers = await Promise.all(Array.from({ length: 20 }, () => refresh(place, refreshToken)));
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: 20 }, () => 200));
  const next = new Set(answers.map(({ body }) => body.data.refreshToken as string));
  expect(next.size).toBe(1);
  const callers = answers.map(({ body }) => callerWith(place, body.data.accessToken));
  const statuses = await Promise.all(callers.map((caller) => statusAtCatalog(caller)));
  expect(new Set(statuses)).toEqual(new Set([200]));

  const later = "update auth.sessions set rotated_at = rotated_at - interval '11 seconds' where id = $1";
  await place.sql.query(later, [sessionId]);
  expect(outcome(await refresh(place, refreshToken))).toEqual([401, 'INVALID_TOKEN']);
  expect(outcome(await refresh(place, [...next][0]!))).toEqual([401, 'INVALID_TOKEN']);
  await expect.poll(() => statusAtCatalog(callers[0]!), patient).toBe(401);
  expect(await statusAtCatalog(owner)).toBe(200);
}

/** One session, the others, all: each is refused elsewhere, and the one that asked goes on as long as it is kept. */
export async function expectSessionsToEnd(place: Place): Promise<void> {
  const { owner } = await openCompany(place);
  const [one, two, three] = [
    await signIn(place, owner.account),
    await signIn(place, owner.account),
    await signIn(place, owner.account),
  ];
  const listed = await one.auth.get('/api/v1/auth/sessions');
  const ids = listed.body.data.map(({ id }: { id: string }) => id);
  expect(ids).toEqual(expect.arrayContaining([one.sessionId, two.sessionId, three.sessionId]));
  expect((await one.auth.delete(`/api/v1/auth/sessions/${two.sessionId}`)).status).toBe(204);
  await expect.poll(() => statusAtCatalog(two), patient).toBe(401);
  expect([await statusAtCatalog(one), await statusAtCatalog(three)]).toEqual([200, 200]);
  expect((await one.auth.delete('/api/v1/auth/sessions?keep=current')).status).toBe(204);
  await expect.poll(() => statusAtCatalog(three), patient).toBe(401);
  expect(await statusAtCatalog(one)).toBe(200);
  expect((await one.auth.post('/api/v1/auth/logout')).status).toBe(204);
  await expect.poll(() => statusAtCatalog(one), patient).toBe(401);
}
