import { AppError, NotFoundError, ValidationError } from '@idp/errors';
import type { EdgeAnswer, EdgeHandler, EdgeRequest } from './contract.ts';
import { docsHandlers } from './docs/docs-handlers.ts';
import { healthHandler, type HealthSource } from './health.ts';
import type { RateLimits } from '../limits/rate-limits.ts';
import { openapiHandlers, type DocumentSource } from './openapi/openapi-handlers.ts';
import { homeHandler, type HomeOptions } from './home/home-handler.ts';
import { rateLimitsHandler } from './rate-limits.ts';
import { securityTextHandler } from './security-text.ts';

export interface EdgeOptions {
  health: HealthSource;
  documents: DocumentSource;
  /** Throws 503 while there are none yet. */
  limits: () => RateLimits;
  home: HomeOptions;
  /** `mailto:` or `https:` address for reports, RFC 9116 §2.5.3. */
  securityContact: () => string;
  /** Where this gateway is reached from outside; known once it listens. */
  publicUrl: () => string;
  /** Whether the documentation pages are served. */
  exposeDocs: boolean;
}

const homePath = '/api/v1/home';

/**
 * The gateway's own endpoints: health, home, rate limits, documents, documentation pages, security.txt. Answers any path below them; throws
 * 404 for others and 405 for methods other than GET and HEAD.
 */
export function createEdge(options: EdgeOptions): EdgeHandler {
  const exact = new Map<string, EdgeHandler>([
    ['/api/v1/health', healthHandler(options.health)],
    [homePath, homeHandler(options.home)],
    ['/api/v1/rate-limits', rateLimitsHandler(options.limits)],
    ['/.well-known/security.txt', securityTextHandler(options)],
  ]);
  const openapi = openapiHandlers(options.documents);
  const docs = options.exposeDocs ? docsHandlers() : undefined;
  return async (request: EdgeRequest): Promise<EdgeAnswer> => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      throw new AppError('METHOD_NOT_ALLOWED', 'the method is not allowed here', { headers: { allow: 'GET, HEAD' } });
    }
    if (request.query.size > 0 && request.path !== homePath) {
      throw new ValidationError('no query parameter is known here');
    }
    const handler = exact.get(request.path) ?? openapi(request.path) ?? docs?.(request.path);
    if (handler === undefined) throw new NotFoundError('there is nothing at this path');
    return handler(request);
  };
}
