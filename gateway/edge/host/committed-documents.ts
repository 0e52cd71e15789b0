import { readFile } from 'node:fs/promises';
import { edgeDocument } from '../description.ts';
import type { DocumentSource } from '../openapi/openapi-handlers.ts';

const root = new URL('../../../', import.meta.url);

/** The OpenAPI documents of this release as they are committed: they are those of the services, or the release would not have been made. */
export function committedDocuments(services: readonly string[]): DocumentSource {
  const read = async (path: string): Promise<object> =>
    JSON.parse(await readFile(new URL(path, root), 'utf8')) as object;
  return {
    merged: () => read('docs/api/openapi.json'),
    async service(name) {
      if (name === 'edge') return edgeDocument;
      return services.includes(name) ? read(`services/${name}/openapi.json`) : undefined;
    },
  };
}
