import fc from 'fast-check';
import { expect, test } from 'vitest';
import { findDeepRole, findRoleCycle, roleDepthMax } from './role-graph.ts';

const graphs = fc
  .array(fc.array(fc.integer({ min: 0, max: 11 }), { maxLength: 3 }), { minLength: 12, maxLength: 12 })
  .map((parents) => new Map(parents.map((of, role) => [`r${role}`, of.map((parent) => `r${parent}`)])));
const acyclic = graphs.map(
  (graph) =>
    new Map([...graph].map(([role, parents], at) => [role, parents.filter((parent) => Number(parent.slice(1)) < at)])),
);

/** Floyd and Warshall's closure: whether a role reaches itself. */
function reachesItself(graph: ReadonlyMap<string, readonly string[]>): boolean {
  const reached = new Set([...graph].flatMap(([role, parents]) => parents.map((parent) => `${role}>${parent}`)));
  for (const via of graph.keys()) {
    for (const from of graph.keys()) {
      for (const to of graph.keys()) {
        if (reached.has(`${from}>${via}`) && reached.has(`${via}>${to}`)) reached.add(`${from}>${to}`);
      }
    }
  }
  return [...graph.keys()].some((role) => reached.has(`${role}>${role}`));
}

test('roles that contain each other are found, and named in a circle', () => {
  fc.assert(
    fc.property(graphs, (graph) => {
      const cycle = findRoleCycle(graph);
      expect(cycle !== undefined).toBe(reachesItself(graph));
      const circle = cycle ?? [];
      expect(circle.at(0)).toBe(circle.at(-1));
      for (const [at, role] of circle.slice(0, -1).entries()) expect(graph.get(role)).toContain(circle[at + 1]);
    }),
  );
});

test('a role that contains itself is a circle of one', () => {
  expect(findRoleCycle(new Map([['a', ['a']]]))).toEqual(['a', 'a']);
});

test('a way up of eight steps is allowed, one of nine is not', () => {
  const line = (steps: number) =>
    new Map(Array.from({ length: steps }, (_, at) => [`r${at}`, [`r${at + 1}`]] as const));
  expect(findDeepRole(line(roleDepthMax))).toBeUndefined();
  expect(findDeepRole(line(roleDepthMax + 1))).toEqual(Array.from({ length: 10 }, (_, at) => `r${at}`));
});

test('the deepest way is the longest of all ways', () => {
  const longest = (graph: ReadonlyMap<string, readonly string[]>, role: string): number =>
    Math.max(0, ...(graph.get(role) ?? []).map((parent) => longest(graph, parent) + 1));
  fc.assert(
    fc.property(acyclic, (graph) => {
      const steps = Math.max(...[...graph.keys()].map((role) => longest(graph, role)));
      expect(findDeepRole(graph)?.length).toBe(steps > roleDepthMax ? steps + 1 : undefined);
    }),
  );
});
