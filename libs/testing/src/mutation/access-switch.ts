import type { Access, Rights } from '@idp/auth';
import type { AnyService, ServicePlatform } from '@idp/service';
import { currentContext } from '@idp/telemetry';

/** One place in the product that decides by a permission, as a request reached it. */
export interface PermissionCheck {
  /** Service, method and template of the route: `catalog GET /api/v1/services/:id`. */
  operation: string;
  permission: string;
  /** `guard`: the route's own permission, before its handler. */
  kind: 'guard' | 'require' | 'allows' | 'visibility';
  /** Where in the services it stands: files and lines from the decision up to the handler; of a guard none. */
  sites: readonly string[];
}

/** Sees every decision of the services it watches, and can take one of them away. */
export interface AccessSwitch {
  /** The service with its decisions watched; the definition itself stays as it is. */
  watched(definition: AnyService): AnyService;
  /** What is decided while `fn` runs, each once. */
  recorded<T>(fn: () => Promise<T>): Promise<{ value: T; checks: readonly PermissionCheck[] }>;
  /** Runs `fn` while one check lets everybody through: it refuses nothing, and hides no row. */
  without<T>(check: PermissionCheck, fn: () => Promise<T>): Promise<T>;
}

export function createAccessSwitch(): AccessSwitch {
  let recording: Map<string, PermissionCheck> | undefined;
  let open: string | undefined;

  /**
   * Whether the check that is being made has been taken away. Called in the turn of the call, while its stack says where it stands. `kind`
   * is what it is where a handler asks; undefined where only a guard looks at the answer.
   */
  function passes(service: string, kind: Exclude<PermissionCheck['kind'], 'guard'> | undefined, permission: string) {
    if (recording === undefined && open === undefined) return false;
    const sites = sitesOf(new Error('where').stack ?? '');
    const isGuard = sites.some((site) => site.startsWith('libs/service/src/access/'));
    if (!isGuard && kind === undefined) return false;
    const check: PermissionCheck = {
      operation: `${service} ${routeName()}`,
      permission,
      kind: isGuard ? 'guard' : kind!,
      sites: isGuard ? [] : sites.filter((site) => site.startsWith('services/')),
    };
    const name = nameOf(check);
    recording?.set(name, check);
    return name === open;
  }

  function watch(access: Access, service: string): void {
    const { allows, requirePermission, visibility, rights } = access;
    access.allows = async (principal, permission, resource) =>
      passes(service, 'allows', permission) || allows(principal, permission, resource);
    access.requirePermission = async (principal, permission, resource) => {
      if (!passes(service, 'require', permission)) await requirePermission(principal, permission, resource);
    };
    access.visibility = async (principal, permission, columns) =>
      passes(service, 'visibility', permission) ? 'all' : visibility(principal, permission, columns);
    access.rights = async (principal, permission) => {
      const isOpen = passes(service, undefined, permission);
      const found: Rights = await rights(principal, permission);
      return {
        somewhere: isOpen || found.somewhere,
        allows: (resource) => passes(service, 'allows', permission) || found.allows(resource),
        require(resource) {
          if (!passes(service, 'require', permission)) found.require(resource);
        },
      };
    };
  }

  return {
    watched: (definition) => ({
      ...definition,
      createContext(platform: ServicePlatform) {
        watch(platform.access, definition.name);
        return definition.createContext(platform) as unknown;
      },
    }),
    async recorded(fn) {
      recording = new Map();
      try {
        const value = await fn();
        return { value, checks: [...recording.values()] };
      } finally {
        recording = undefined;
      }
    },
    async without(check, fn) {
      open = nameOf(check);
      try {
        return await fn();
      } finally {
        open = undefined;
      }
    },
  };
}

/** The name of the mutant without this check: its route and permission, and where a handler asks also where. */
export function nameOf({ operation, permission, kind, sites }: PermissionCheck): string {
  const place = sites.map((site) => site.replace(/^services\/[\w-]+\/src\//, '')).join(' < ');
  return kind === 'guard' ? `${operation} ${permission}` : `${operation} ${permission} ${kind} at ${place}`;
}

function routeName(): string {
  const context = currentContext() as { plan?: { name: string } } | undefined;
  return context?.plan?.name ?? 'no request';
}

/** Files of the product on a stack, from the repository's root and with their lines, each once. */
function sitesOf(stack: string): string[] {
  const found = stack.matchAll(/((?:services|libs)\/[\w-]+\/src\/[\w./-]+\.ts):(\d+):\d+/g);
  const sites = [...found].map(([, file, line]) => `${file}:${line}`);
  return [...new Set(sites)].filter((site) => !site.startsWith('libs/testing/'));
}
