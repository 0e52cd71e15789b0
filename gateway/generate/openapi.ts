import { edgeDocument } from '../edge/description.ts';
import { createRouteTable } from '../routing/route-table.ts';
import { routes } from '../routes.ts';
import type { OpenApiDocument } from './document.ts';
import { findDrift } from './drift.ts';
import { mergeDocuments } from './merge.ts';

const description = `Sign in with \`POST /api/v1/auth/login\` and send the access token as \`Authorization: Bearer\`; it lives 15 minutes, \`POST /api/v1/auth/refresh\` gives the next pair.

Answers are \`{ data, meta }\`, errors \`{ error: { code, message, details? }, meta }\`; every code is listed at [/docs/errors](/docs/errors). Below \`/api/catalog\` answers have the form Backstage clients expect.

A path without version (\`/api/services\`) is served as the version named by the header \`API-Version\`, or 1. Mutating POSTs take an \`Idempotency-Key\`; updatable resources have an \`ETag\` and honour \`If-Match\`.`;

/** Documents of the services by name. */
export type ServiceDocuments = Readonly<Record<string, OpenApiDocument>>;

/** One OpenAPI 3.1 document of these services and the gateway's own endpoints. */
export function mergeFleet(documents: ServiceDocuments): OpenApiDocument {
  const table = createRouteTable(routes);
  return mergeDocuments(withEdge(documents), {
    version: '1',
    description,
    findRoute: (path) => table.findRoute(path),
  });
}

/** Where `routes.ts` and the documents disagree, one sentence each; empty when all is well. */
export function checkRoutes(documents: ServiceDocuments): string[] {
  return findDrift(routes, withEdge(documents));
}

function withEdge(documents: ServiceDocuments): ServiceDocuments {
  return { ...documents, edge: edgeDocument as unknown as OpenApiDocument };
}
