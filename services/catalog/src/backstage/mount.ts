import type { FastifyInstance, RawServerDefault } from 'fastify';
import type { RoutePlugin, ServiceTypeProvider } from '@idp/service';
import { backstageError } from './error-body.ts';

/** The Fastify instance of a mount, whose schemas are zod. */
export type MountInstance = FastifyInstance<RawServerDefault, never, never, never, ServiceTypeProvider>;

/**
 * A part of the API that answers exactly as a Backstage backend plugin: its own error bodies, whose `url` is relative to
 * the mount, and an empty 404 for unknown routes.
 */
export function backstageMount(prefix: string, plugins: readonly RoutePlugin[]): RoutePlugin {
  return async (app) => {
    await app.register(
      async (mount) => {
        mount.setErrorHandler((error, request, reply) => {
          const url = request.url.startsWith(prefix) ? request.url.slice(prefix.length) : request.url;
          const answer = backstageError(error, { method: request.method, url: url === '' ? '/' : url, id: request.id });
          if (answer.status >= 500) request.log.error({ err: error }, 'request failed');
          return reply.code(answer.status).headers(answer.headers).send(answer.body);
        });
        mount.setNotFoundHandler((_request, reply) => reply.code(404).send());
        for (const plugin of plugins) await mount.register(plugin);
      },
      { prefix },
    );
  };
}
