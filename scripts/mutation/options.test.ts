import { describe, expect, it } from 'vitest';
import { readOptions } from './options.ts';
import { lineOf, summaryOf } from './outcome.ts';

describe('the command line', () => {
  it('takes parts of names, one kind, and the forms of the answer', () => {
    expect(readOptions([])).toEqual({ names: [], kinds: ['rls', 'permission'], plan: false, json: false });
    expect(readOptions(['auth.teams', '--only', 'rls', '--plan', '--json'])).toEqual({
      names: ['auth.teams'],
      kinds: ['rls'],
      plan: true,
      json: true,
    });
  });

  it('refuses what it does not know', () => {
    expect(() => readOptions(['--only', 'locks'])).toThrow('--only locks: rls or permission');
    expect(() => readOptions(['--all'])).toThrow("'--all'");
  });
});

describe('the answer', () => {
  const killed = { name: 'auth.teams:tenant:drop', noticed: [{ by: 'catalogue', what: 'no policy' }] };
  const seen = { name: 'auth.teams:disable', noticed: [...killed.noticed, { by: 'rows', what: 'sees 3 rows' }] };
  const survivor = { name: 'auth GET /api/v1/teams auth:team:read', noticed: [] };

  it('says of each mutant what noticed it', () => {
    expect([killed, seen, survivor].map(lineOf)).toEqual([
      'killed auth.teams:tenant:drop: catalogue: no policy',
      'killed auth.teams:disable: catalogue: no policy; rows: sees 3 rows',
      'SURVIVED auth GET /api/v1/teams auth:team:read',
    ]);
  });

  it('ends with the counts', () => {
    const hunted = [
      { kind: 'rls' as const, ...killed },
      { kind: 'rls' as const, ...seen },
      { kind: 'permission' as const, ...survivor },
    ];
    expect(summaryOf(hunted, 7)).toEqual([
      'rls: 2 mutants, noticed 1 by catalogue, 1 by catalogue and rows',
      'permission: 1 mutants, noticed 1 by nobody',
      '2 passed, 1 failed (7 s)',
    ]);
  });
});
