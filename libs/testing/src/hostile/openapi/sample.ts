import { unwrap } from './fields.ts';
import type { OpenApiDocument, Operation, Parameter, Schema } from './document.ts';

/** A valid request of an operation as far as its description tells. */
export interface SampleRequest {
  path: Record<string, string>;
  query: Record<string, string>;
  body?: unknown;
}

let counter = 0;

/** Text no other request of this process has used; valid as a slug and as a name. */
export function freshName(): string {
  counter += 1;
  return `hst-${process.pid.toString(36)}-${counter.toString(36)}`;
}

/**
 * A request with the required members, from examples where the description has them. Members that name something new get a fresh name, so
 * that the same operation can be called again and again.
 */
export function sampleRequest(document: OpenApiDocument, operation: Operation): SampleRequest {
  const required = operation.parameters.filter((each) => each.required && each.in === 'query');
  const query = Object.fromEntries(required.map((each) => [each.name, parameterText(document, each)]));
  const path = Object.fromEntries(
    operation.parameters.filter((each) => each.in === 'path').map((each) => [each.name, parameterText(document, each)]),
  );
  if (operation.body === undefined) return { path, query };
  const { schema, example } = operation.body;
  const body = example ?? sample(document, schema, '');
  return { path, query, body: operation.method === 'POST' ? refreshNames(body) : body };
}

function parameterText(document: OpenApiDocument, parameter: Parameter): string {
  const value = parameter.example ?? sample(document, parameter.schema, parameter.name);
  return typeof value === 'string' ? value : String(Array.isArray(value) ? value[0] : value);
}

/** A value that fits a schema. */
export function sample(document: OpenApiDocument, raw: Schema, name: string): unknown {
  const schema = unwrap(document, raw);
  const example = schema.example ?? schema.examples?.[0] ?? schema.default ?? schema.const ?? schema.enum?.[0];
  if (example !== undefined) return example;
  const alternative = (schema.anyOf ?? schema.oneOf)?.[0];
  if (alternative !== undefined) return sample(document, alternative, name);
  const type = Array.isArray(schema.type) ? schema.type[0] : (schema.type ?? (schema.properties ? 'object' : 'string'));
  switch (type) {
    case 'object':
      return Object.fromEntries(
        (schema.required ?? []).map((member) => [member, sample(document, schema.properties?.[member] ?? {}, member)]),
      );
    case 'array':
      return Array.from({ length: schema.minItems ?? 1 }, () => sample(document, schema.items ?? {}, name));
    case 'integer':
    case 'number':
      return Math.max(schema.minimum ?? 1, (schema.exclusiveMinimum ?? 0) + 1);
    case 'boolean':
      return false;
    default:
      return sampleText(schema, name);
  }
}

function sampleText(schema: Schema, name: string): string {
  const byFormat: Readonly<Record<string, string>> = {
    uuid: '0192a3b4-5c6d-7e8f-9a0b-1c2d3e4f5a6b',
    email: 'someone@example.org',
    uri: 'https://example.org/',
    date: '2026-01-31',
    'date-time': '2026-01-31T12:00:00Z',
  };
  const text = byFormat[schema.format ?? ''];
  if (text !== undefined) return text;
  return /url|target|href/i.test(name)
    ? 'https://example.org/'
    : freshName()
        .padEnd(schema.minLength ?? 0, 'x')
        .slice(0, schema.maxLength ?? 200);
}

const namesSomethingNew = /^(name|slug)$/;

function refreshNames(body: unknown): unknown {
  if (body === null || typeof body !== 'object' || Array.isArray(body)) return body;
  const entries = Object.entries(body).map(([key, value]) => [key, namesSomethingNew.test(key) ? freshName() : value]);
  return Object.fromEntries(entries);
}

/** The same body with another value at one place. Missing objects on the way are made. */
export function withMember(body: unknown, path: readonly string[], value: unknown): unknown {
  const [head, ...rest] = path;
  if (head === undefined) return value;
  if (Array.isArray(body))
    return body.map((item: unknown, index) => (String(index) === head ? withMember(item, rest, value) : item));
  const object = body !== null && typeof body === 'object' ? (body as Record<string, unknown>) : {};
  return { ...object, [head]: withMember(object[head], rest, value) };
}
