import fc from 'fast-check';
import { expect, test } from 'vitest';
import { movedPaths, moveFault, teamDepthMax, type TeamPlace } from './team-tree.ts';

/** A tree as parents: team n stands under an earlier one, or on the first level. */
const trees = fc.array(fc.integer({ min: -1, max: 20 }), { minLength: 1, maxLength: 20 }).map((parents) => {
  const teams: TeamPlace[] = [];
  for (const [index, wanted] of parents.entries()) {
    const parent = teams[wanted % Math.max(1, index)];
    const under = wanted >= 0 && parent !== undefined && parent.path.length < teamDepthMax ? parent : undefined;
    const id = `t${index}`;
    teams.push({ id, parentId: under?.id ?? null, path: [...(under?.path ?? []), id] });
  }
  return teams;
});

function below(teams: readonly TeamPlace[], id: string): TeamPlace[] {
  return teams.filter(({ path }) => path.includes(id));
}

test('a move is refused exactly where it would make a cycle or a sixth level, and keeps every other path', () => {
  fc.assert(
    fc.property(trees, fc.nat(), fc.option(fc.nat()), (teams, which, where) => {
      const team = teams[which % teams.length]!;
      const parent = where === null ? undefined : teams[where % teams.length];
      const move = { teamId: team.id, parentPath: parent?.path ?? [] };
      const subtree = below(teams, team.id);
      const fault = moveFault(subtree, move);
      if (parent !== undefined && subtree.includes(parent)) return fault === 'cycle';
      const paths = movedPaths(subtree, move);
      const deepest = Math.max(...[...paths.values()].map((path) => path.length));
      expect(fault).toBe(deepest > teamDepthMax ? 'depth' : undefined);
      for (const { id, parentId } of subtree) {
        const path = paths.get(id)!;
        const above = id === team.id ? move.parentPath : paths.get(parentId!)!;
        expect(path).toEqual([...above, id]);
      }
      return true;
    }),
  );
});

test('a team that stays where it is keeps its path', () => {
  const team = { id: 'b', parentId: 'a', path: ['a', 'b'] };
  expect(movedPaths([team], { teamId: 'b', parentPath: ['a'] })).toEqual(new Map([['b', ['a', 'b']]]));
});
