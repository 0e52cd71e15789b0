import { expect, test } from 'vitest';
import { declarationBody, readDeclaration, serviceRecords } from './declaration.ts';

const manifest = { 'catalog:entity:read': { description: 'see', resource: 'entity', role: 'viewer' } } as const;

test.each([[{}], [{ auth: ['auth:user:read', 'auth:team:read'] }]])(
  'what is declared with calls %j is read again',
  (calls) => {
    expect(readDeclaration(declarationBody({ manifest, calls }))).toEqual({ manifest, calls });
  },
);

test('a service that calls nobody declares what it did before there were calls', () => {
  expect(declarationBody({ manifest, calls: {} })).toBe(manifest);
});

test('services hold what they declare of others, and those without calls have no record', () => {
  const calls = { auth: ['auth:user:read'], catalog: ['catalog:entity:read'] };
  expect(
    serviceRecords([
      { service: 'aika', calls },
      { service: 'auth', calls: {} },
    ]),
  ).toEqual([{ id: 'service:aika', permissions: ['auth:user:read', 'catalog:entity:read'] }]);
});
