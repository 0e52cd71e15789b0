/** The parts of an OpenAPI 3.1 document this folder looks at. */
export interface OpenApiDocument {
  openapi: string;
  info: { title: string; version: string; description?: string };
  servers?: { url: string; description?: string }[];
  tags?: { name: string; description?: string }[];
  paths: Record<string, PathItem>;
  components?: Record<string, Record<string, unknown>>;
  security?: SecurityRequirement[];
}

export type SecurityRequirement = Record<string, string[]>;
export type PathItem = Record<string, unknown>;

export interface Operation {
  operationId?: string;
  tags?: string[];
  security?: SecurityRequirement[];
  responses?: Record<string, { content?: Record<string, unknown> }>;
  'x-internal'?: boolean;
  [member: string]: unknown;
}

export interface LocatedOperation {
  path: string;
  method: string;
  operation: Operation;
}

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch', 'trace'];

/** Every operation of a document in the document's order. */
export function operationsOf(document: OpenApiDocument): LocatedOperation[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    methods
      .filter((method) => item[method] !== undefined)
      .map((method) => ({ path, method, operation: item[method] as Operation })),
  );
}
