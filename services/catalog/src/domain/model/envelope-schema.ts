import type { AnySchemaObject } from 'ajv';

export const text: AnySchemaObject = { type: 'string', minLength: 1 };
export const textList: AnySchemaObject = { type: 'array', items: text };
const stringMap: AnySchemaObject = { type: 'object', patternProperties: { '^.+$': { type: 'string' } } };

const statusItem: AnySchemaObject = {
  type: 'object',
  required: ['type', 'level', 'message'],
  properties: {
    type: text,
    level: { type: 'string', enum: ['info', 'warning', 'error'] },
    message: { type: 'string' },
    error: {
      type: 'object',
      required: ['name', 'message'],
      properties: { name: text, message: { type: 'string' }, code: { type: 'string' }, stack: { type: 'string' } },
    },
  },
};

const relation: AnySchemaObject = {
  type: 'object',
  required: ['type', 'targetRef'],
  additionalProperties: false,
  properties: {
    type: { ...text, pattern: '^\\w+$' },
    target: {
      type: 'object',
      required: ['kind', 'namespace', 'name'],
      additionalProperties: false,
      properties: { kind: text, namespace: text, name: text },
    },
    targetRef: text,
  },
};

const link: AnySchemaObject = {
  type: 'object',
  required: ['url'],
  properties: { url: text, title: text, icon: text, type: text },
};

const metadata: AnySchemaObject = {
  type: 'object',
  required: ['name'],
  properties: {
    uid: text,
    etag: text,
    name: text,
    namespace: text,
    title: text,
    description: { type: 'string' },
    labels: stringMap,
    annotations: stringMap,
    tags: textList,
    links: { type: 'array', items: link },
  },
};

/**
 * What every entity has in common. Members, their order and bounds are those of Backstage's catalog model: they decide
 * which error is found first, and with which text.
 */
export const envelopeSchema: AnySchemaObject = {
  $id: 'Entity',
  type: 'object',
  required: ['apiVersion', 'kind', 'metadata'],
  additionalProperties: false,
  properties: {
    apiVersion: text,
    kind: text,
    metadata,
    spec: { type: 'object' },
    relations: { type: 'array', items: relation },
    status: { type: 'object', properties: { items: { type: 'array', items: statusItem } } },
  },
};
