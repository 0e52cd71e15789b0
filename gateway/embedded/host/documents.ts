import { UnavailableError } from '@idp/errors';
import type { RunningService } from '@idp/service';
import { edgeDocument } from '../../edge/description.ts';
import type { DocumentSource } from '../../edge/openapi/openapi-handlers.ts';
import type { OpenApiDocument } from '../../generate/document.ts';

/** OpenAPI documents of the running services; the generator is loaded when somebody asks. */
export function fleetDocuments(services: () => readonly RunningService[] | undefined): DocumentSource {
  const find = (name: string) => services()?.find((service) => service.name === name);
  return {
    async merged() {
      const running = services();
      // A document without the services would be kept for as long as this process runs.
      if (running === undefined) throw new UnavailableError('the services are starting', { retryAfterSeconds: 1 });
      const { mergeFleet } = await import('../../generate/openapi.ts');
      const documents: Record<string, OpenApiDocument> = {};
      for (const service of running) documents[service.name] = (await service.openapi()) as OpenApiDocument;
      return mergeFleet(documents);
    },
    async service(name) {
      return name === 'edge' ? edgeDocument : await find(name)?.openapi();
    },
  };
}
