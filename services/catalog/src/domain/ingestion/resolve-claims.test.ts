import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Claim, resolveClaims } from './resolve-claims.ts';

const places = ['a', 'b', 'c', 'd'];
const step = fc.record({
  lay: fc.uniqueArray(fc.constantFrom(...places), { maxLength: 3 }),
  remove: fc.uniqueArray(fc.constantFrom(...places), { maxLength: 3 }),
  keepOrphan: fc.boolean(),
});

describe('claims on one ref', () => {
  it('have at most one winner, the oldest, and none is lost or doubled', () => {
    const property = fc.property(fc.array(step, { maxLength: 12 }), (steps) => {
      let claims: Claim[] = [];
      let next = 0;
      for (const { lay, remove, keepOrphan } of steps) {
        const laid = lay.map((locationRef) => {
          return { no: 1, sourceId: 's', locationRef, originRef: 'o', raw: '{}', hash: String(next), parentNo: null };
        });
        const removed = remove
          .filter((place) => !lay.includes(place))
          .map((locationRef) => ({ sourceId: 's', locationRef }));
        const newId = (): string => String(++next).padStart(4, '0');
        const result = resolveClaims({ current: claims, laid, removed, keepOrphan, newId });
        const before = claims;
        claims = applyTo(before, result);

        const alive = claims.filter((claim) => claim.state !== 'orphan');
        expect(claims.filter((claim) => claim.state === 'active')).toHaveLength(alive.length > 0 ? 1 : 0);
        expect(claims.filter((claim) => claim.state === 'orphan').length).toBeLessThanOrEqual(alive.length > 0 ? 0 : 1);
        expect(new Set(claims.map((claim) => claim.locationRef)).size).toBe(claims.length);
        for (const place of lay) expect(alive.some((claim) => claim.locationRef === place)).toBe(true);
        for (const { locationRef } of removed)
          expect(alive.some((claim) => claim.locationRef === locationRef)).toBe(false);
        const active = claims.find((claim) => claim.state === 'active');
        const stillActive = before.find((claim) => claim.state === 'active' && alive.some(({ id }) => id === claim.id));
        expect(active?.id).toBe(stillActive?.id ?? alive.toSorted((a, b) => (a.id < b.id ? -1 : 1))[0]?.id);
        expect(result.active?.id).toBe(active?.id);
      }
    });
    fc.assert(property, { numRuns: 1000 });
  });
});

function applyTo(claims: Claim[], { deleted, written }: ReturnType<typeof resolveClaims>): Claim[] {
  const gone = new Set([...deleted, ...written].map((claim) => claim.id));
  return [...claims.filter((claim) => !gone.has(claim.id)), ...written].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}
