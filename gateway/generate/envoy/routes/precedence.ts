import type { Route } from '../../../routing/route-schema.ts';

const kinds: Readonly<Record<Route['match'], number>> = { exact: 0, template: 1, prefix: 2 };

/** Routes in the order in which the first that fits is the one: as `createRouteTable` decides. */
export function byPrecedence(routes: readonly Route[]): Route[] {
  return routes.toSorted((a, b) => kinds[a.match] - kinds[b.match] || compareAlike(a, b));
}

function compareAlike(a: Route, b: Route): number {
  const [left, right] = [segmentsOf(a.path), segmentsOf(b.path)];
  if (a.match === 'prefix') return right.length - left.length || compareText(a.path, b.path);
  return literals(right) - literals(left) || firstDifference(left, right) || compareText(a.path, b.path);
}

function segmentsOf(path: string): string[] {
  return path.split('/').slice(1);
}

function literals(segments: readonly string[]): number {
  return segments.filter((segment) => !segment.startsWith('{')).length;
}

function firstDifference(left: readonly string[], right: readonly string[]): number {
  for (const [index, segment] of left.entries()) {
    const difference = Number(segment.startsWith('{')) - Number(right[index]?.startsWith('{') ?? false);
    if (difference !== 0) return difference;
  }
  return 0;
}

function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
