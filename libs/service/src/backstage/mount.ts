import type { RoutePlugin } from '../http/types.ts';
import { knownError } from '../reply/errors.ts';
import { backstageError } from './error-body.ts';

/**
 * A part of the API that answers exactly as a Backstage backend plugin: its own error bodies, whose `url` is relative to
 * the mount, and an empty 404 for unknown routes.
 */
export function backstageMount(prefix: string, plugins: readonly RoutePlugin[]): RoutePlugin {
  return async (app) => {
    await app.register(
      async (mount) => {
        mount.setErrorHandler((thrown, request, reply) => {
          const error = knownError(thrown);
          const url = request.url.startsWith(prefix) ? request.url.slice(prefix.length) : request.url;
          const answer = backstageError(error, { method: request.method, url: url === '' ? '/' : url, id: request.id });
          request.operation.errorCode = answer.code;
          if (answer.status >= 500) request.log.error({ err: error, code: answer.code }, 'request failed');
          return reply
            .code(answer.status)
            .headers(answer.headers)
            .header('content-type', 'application/json; charset=utf-8')
            .header('cache-control', 'no-store')
            .serializer(JSON.stringify)
            .send(answer.body);
        });
        mount.setNotFoundHandler((_request, reply) => reply.code(404).send());
        for (const plugin of plugins) await mount.register(plugin);
      },
      { prefix },
    );
  };
}
