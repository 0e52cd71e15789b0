/** The parts of an OpenAPI 3.1 document the suites read. */
export interface OpenApiDocument {
  paths?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  components?: { schemas?: Readonly<Record<string, Schema>> };
  security?: readonly object[];
}

export interface Schema {
  $ref?: string;
  type?: string | readonly string[];
  format?: string;
  pattern?: string;
  enum?: readonly unknown[];
  const?: unknown;
  properties?: Readonly<Record<string, Schema>>;
  required?: readonly string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  prefixItems?: readonly Schema[];
  anyOf?: readonly Schema[];
  oneOf?: readonly Schema[];
  allOf?: readonly Schema[];
  minLength?: number;
  maxLength?: number;
  minimum?: number;
  exclusiveMinimum?: number;
  maximum?: number;
  minItems?: number;
  default?: unknown;
  example?: unknown;
  examples?: readonly unknown[];
  writeOnly?: boolean;
  readOnly?: boolean;
}

export interface Parameter {
  name: string;
  in: 'path' | 'query' | 'header' | 'cookie';
  required: boolean;
  schema: Schema;
  example?: unknown;
}

export interface Operation {
  id: string;
  method: string;
  /** Template with `{name}` segments. */
  path: string;
  public: boolean;
  parameters: readonly Parameter[];
  /** Schema and example of the JSON body. */
  body?: { schema: Schema; required: boolean; example?: unknown };
  /** Media types of the body. */
  mediaTypes: readonly string[];
  /** Declared statuses. */
  statuses: readonly string[];
  /** The permission the route asks for, where it asks for one. */
  permission?: string;
  deprecated: boolean;
}

const methods = ['get', 'put', 'post', 'delete', 'patch', 'head', 'options'];

interface RawOperation {
  operationId?: string;
  security?: readonly object[];
  deprecated?: boolean;
  'x-permission'?: string;
  parameters?: readonly (Partial<Parameter> & { $ref?: string; examples?: Record<string, { value?: unknown }> })[];
  requestBody?: {
    required?: boolean;
    content?: Record<string, { schema?: Schema; example?: unknown; examples?: Record<string, { value?: unknown }> }>;
  };
  responses?: Record<string, unknown>;
}

/** Every operation of a document, its references resolved one level deep where the suites look. */
export function operationsOf(document: OpenApiDocument): readonly Operation[] {
  return Object.entries(document.paths ?? {}).flatMap(([path, item]) =>
    methods.filter((method) => item[method] !== undefined).map((method) => operation(document, path, method, item)),
  );
}

/** The schema a reference leads to. Throws for a reference that leads nowhere. */
export function resolve(document: OpenApiDocument, schema: Schema): Schema {
  if (schema.$ref === undefined) return schema;
  const name = schema.$ref.replace('#/components/schemas/', '');
  const found = document.components?.schemas?.[name];
  if (found === undefined) throw new Error(`unresolved reference ${schema.$ref}`);
  return resolve(document, found);
}

function operation(
  document: OpenApiDocument,
  path: string,
  method: string,
  item: Readonly<Record<string, unknown>>,
): Operation {
  const raw = item[method] as RawOperation;
  const shared = (item['parameters'] ?? []) as NonNullable<RawOperation['parameters']>;
  const content = raw.requestBody?.content ?? {};
  const json = content['application/json'];
  const security = raw.security ?? document.security ?? [];
  const example = json?.example ?? Object.values(json?.examples ?? {})[0]?.value;
  return {
    id: raw.operationId ?? `${method} ${path}`,
    method: method.toUpperCase(),
    path,
    public: security.length === 0 || security.some((each) => Object.keys(each).length === 0),
    parameters: [...shared, ...(raw.parameters ?? [])].map((each) => parameter(each)),
    ...(json?.schema === undefined
      ? {}
      : {
          body: {
            schema: json.schema,
            required: raw.requestBody?.required ?? false,
            ...(example === undefined ? {} : { example }),
          },
        }),
    mediaTypes: Object.keys(content),
    statuses: Object.keys(raw.responses ?? {}),
    ...(raw['x-permission'] === undefined ? {} : { permission: raw['x-permission'] }),
    deprecated: raw.deprecated ?? false,
  };
}

function parameter(raw: NonNullable<RawOperation['parameters']>[number]): Parameter {
  const example = raw.example ?? Object.values(raw.examples ?? {})[0]?.value;
  return {
    name: raw.name ?? '',
    in: raw.in ?? 'query',
    required: raw.required ?? false,
    schema: raw.schema ?? {},
    ...(example === undefined ? {} : { example }),
  };
}
