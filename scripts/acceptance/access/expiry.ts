import { expect } from 'vitest';
import { statusAtCatalog, type Person } from './caller.ts';
import { hireGuest, openCompany, type Company } from './company.ts';
import type { Place } from './place.ts';

/** Who asks, what, and since when it may count. */
interface Watched {
  /** Undefined: this time nothing was decided. */
  allowed(): Promise<boolean | undefined>;
  boundary: number;
}

interface Seen {
  before: number;
  after: number;
}

/**
 * Asks until the decision has changed. A decision is made between the question and its answer, so that one made before the boundary
 * was asked for before it, and one made after it answered after it: to the millisecond, however slow the machine is.
 */
async function watch({ allowed, boundary }: Watched, allowedBefore: boolean): Promise<Seen> {
  const seen = { before: 0, after: 0 };
  while (seen.after === 0) {
    const askedAt = Date.now();
    const decided = await allowed();
    const answeredAt = Date.now();
    if (decided === undefined) continue;
    if (decided === allowedBefore) {
      expect(askedAt).toBeLessThan(boundary);
      seen.before += 1;
    } else {
      expect(answeredAt).toBeGreaterThanOrEqual(boundary);
      seen.after += 1;
    }
  }
  return seen;
}

/** With a longer life as long as the machine was too slow to see both sides of its end. */
async function watchBoth(make: (lifeMs: number) => Promise<Watched>, allowedBefore: boolean): Promise<void> {
  for (let lifeMs = 1_000; ; lifeMs *= 2) {
    const seen = await watch(await make(lifeMs), allowedBefore);
    if (seen.before > 0 || lifeMs > 30_000) return expect(seen.before).toBeGreaterThan(0);
  }
}

async function bind({ owner }: Company, holder: Person, times: object): Promise<void> {
  const grant = { principalType: 'user', principalId: holder.id, roleId: 'viewer', ...times };
  await owner.auth.make('/api/v1/auth/role-bindings', grant);
}

const decisionOf = (status: number): boolean | undefined => ({ 200: true, 403: false })[status];

const at = (ms: number): string => new Date(ms).toISOString();

/** Auth §8.12: a role ends, and begins, at its millisecond, with no job involved. */
export async function expectRolesToKeepTheirTime(place: Place): Promise<void> {
  const company = await openCompany(place);
  const guest = await hireGuest(place, company);
  const ask = { permission: 'auth:team:read' };
  const inAuth = async (): Promise<boolean | undefined> =>
    (await guest.auth.post('/api/v1/auth/authz/check', ask)).body.data?.allowed;
  const inCatalog = async () => decisionOf(await statusAtCatalog(guest));
  await watchBoth(async (lifeMs) => {
    const boundary = Date.now() + lifeMs;
    await bind(company, guest, { expiresAt: at(boundary) });
    return { allowed: inAuth, boundary };
  }, true);
  await watchBoth(async (lifeMs) => {
    const boundary = Date.now() + lifeMs;
    await bind(company, guest, { expiresAt: at(boundary) });
    // What was granted comes to the other process a moment later; what ends does not.
    while (Date.now() < boundary && (await inCatalog()) !== true) continue;
    return { allowed: inCatalog, boundary };
  }, true);
  await watchBoth(async (lifeMs) => {
    const boundary = Date.now() + lifeMs;
    await bind(company, guest, { startsAt: at(boundary), expiresAt: at(boundary + 60_000) });
    return { allowed: inAuth, boundary };
  }, false);
}
