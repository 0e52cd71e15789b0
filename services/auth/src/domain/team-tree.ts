/** Levels a team can stand on. */
export const teamDepthMax = 5;

export interface TeamPlace {
  id: string;
  parentId: string | null;
  path: readonly string[];
}

/** Why a team and everything below it cannot stand under a parent; undefined when it can. */
export function moveFault(
  subtree: readonly TeamPlace[],
  { teamId, parentPath }: { teamId: string; parentPath: readonly string[] },
): 'cycle' | 'depth' | undefined {
  if (parentPath.includes(teamId)) return 'cycle';
  const top = subtree.find(({ id }) => id === teamId)?.path.length ?? 1;
  const levels = Math.max(...subtree.map(({ path }) => path.length - top + 1));
  return parentPath.length + levels > teamDepthMax ? 'depth' : undefined;
}

/** The path of each team of a subtree once its top stands under `parentPath`. */
export function movedPaths(
  subtree: readonly TeamPlace[],
  { teamId, parentPath }: { teamId: string; parentPath: readonly string[] },
): Map<string, string[]> {
  return new Map(
    subtree.map(({ id, path }): [string, string[]] => [id, [...parentPath, ...path.slice(path.indexOf(teamId))]]),
  );
}
