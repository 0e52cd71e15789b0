import type { Alias, Route, RouteFile } from './route-schema.ts';

/** Answers which entry a path belongs to. Cost grows with the path's length, not with the number of entries. */
export interface RouteTable {
  findRoute(path: string): Route | undefined;
  findAlias(path: string): { alias: Alias; target: string } | undefined;
}

interface Node {
  literals: Map<string, Node>;
  parameter: Node | undefined;
  /** Exact path or template that ends here. */
  route: Route | undefined;
  prefix: Route | undefined;
}

/**
 * Builds the table. Precedence is the same on every target: an exact path, then the template with more literal segments (at
 * the first difference a literal wins), then the longest prefix.
 */
export function createRouteTable({ routes, aliases }: RouteFile): RouteTable {
  const root = emptyNode();
  for (const route of routes) insert(root, route);
  const byFrom = new Map(aliases.map((alias) => [alias.from, alias]));
  return {
    findRoute(path) {
      const segments = path.split('/').slice(1);
      return bestTemplate(root, segments, 0, 0)?.route ?? longestPrefix(root, segments);
    },
    findAlias(path) {
      for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
        const alias = byFrom.get(path.slice(0, end));
        if (alias === undefined) continue;
        if (end === path.length || alias.match === 'prefix') return { alias, target: alias.to + path.slice(end) };
      }
      return undefined;
    },
  };
}

function emptyNode(): Node {
  return { literals: new Map(), parameter: undefined, route: undefined, prefix: undefined };
}

function insert(root: Node, route: Route): void {
  let node = root;
  for (const segment of route.path.split('/').slice(1)) {
    if (segment.startsWith('{')) {
      node = node.parameter ??= emptyNode();
      continue;
    }
    const next = node.literals.get(segment) ?? emptyNode();
    node.literals.set(segment, next);
    node = next;
  }
  if (route.match === 'prefix') node.prefix = route;
  else node.route = route;
}

interface Found {
  route: Route;
  literals: number;
}

/** Depth first, literals before parameters, so the first of several with equally many literals is the one to take. */
function bestTemplate(node: Node, segments: readonly string[], at: number, literals: number): Found | undefined {
  const segment = segments[at];
  if (segment === undefined) return node.route && { route: node.route, literals };
  const next = node.literals.get(segment);
  const byLiteral = next && bestTemplate(next, segments, at + 1, literals + 1);
  const byParameter =
    node.parameter && segment !== '' ? bestTemplate(node.parameter, segments, at + 1, literals) : undefined;
  if (byLiteral === undefined || byParameter === undefined) return byLiteral ?? byParameter;
  return byParameter.literals > byLiteral.literals ? byParameter : byLiteral;
}

function longestPrefix(root: Node, segments: readonly string[]): Route | undefined {
  let node: Node | undefined = root;
  let found: Route | undefined;
  for (const segment of segments) {
    node = node.literals.get(segment);
    if (node === undefined) break;
    found = node.prefix ?? found;
  }
  return found;
}
