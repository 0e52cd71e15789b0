import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { AppError, NotFoundError } from '@idp/errors';
import type { Origins } from '../access/origins.ts';
import { pathOf } from '../arrival/surface.ts';
import { admitPreflight } from '../reply/cors.ts';

interface KnownRoute {
  segments: string[];
  methods: string[];
}

const neverAllowed = new Set(['TRACE', 'TRACK', 'CONNECT']);

/**
 * Answers what no route matched: 405 with `Allow` where the path exists for other methods and for methods that never
 * exist, 204 to `OPTIONS` (it needs no token and lists nothing), else 404.
 */
export function installNotFound(
  app: FastifyInstance,
  {
    reply404,
    origins,
  }: {
    reply404: (error: unknown, request: FastifyRequest, reply: FastifyReply) => FastifyReply;
    origins: Origins;
  },
): void {
  const routes = new Map<string, KnownRoute>();
  app.addHook('onRoute', (route: RouteOptions) => {
    const known = routes.get(route.url) ?? { segments: route.url.split('/'), methods: [] };
    for (const method of [route.method].flat()) if (!known.methods.includes(method)) known.methods.push(method);
    routes.set(route.url, known);
  });
  app.setNotFoundHandler((request, reply) => {
    if (request.method === 'OPTIONS') {
      admitPreflight(request, reply, origins);
      return reply.code(204).send();
    }
    const allowed = allowedMethods([...routes.values()], pathOf(request.raw.url ?? '/').split('/'));
    if (allowed.length === 0 && !neverAllowed.has(request.method)) {
      return reply404(new NotFoundError('not found'), request, reply);
    }
    const headers = { allow: [...allowed, 'OPTIONS'].join(', ') };
    const error = new AppError('METHOD_NOT_ALLOWED', 'the method is not allowed here', { headers });
    return reply404(error, request, reply);
  });
}

function allowedMethods(routes: readonly KnownRoute[], path: readonly string[]): string[] {
  const methods = new Set<string>();
  for (const route of routes)
    if (matches(route.segments, path)) for (const method of route.methods) methods.add(method);
  return [...methods].sort();
}

function matches(template: readonly string[], path: readonly string[]): boolean {
  for (let index = 0; index < template.length; index++) {
    const segment = template[index]!;
    if (segment === '*') return path.length > index;
    if (segment.startsWith(':') ? (path[index] ?? '') === '' : segment !== path[index]) return false;
  }
  return template.length === path.length;
}
