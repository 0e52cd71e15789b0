import type { AnySchemaObject } from 'ajv';
import { text } from './envelope-schema.ts';

const anyText: AnySchemaObject = { type: 'string' };
const anyObject: AnySchemaObject = { type: 'object' };
const condition: AnySchemaObject = { type: ['string', 'boolean'] };
const permissions: AnySchemaObject = {
  type: 'object',
  properties: { tags: { type: 'array', items: anyText } },
};
const form: AnySchemaObject = { type: 'object', properties: { 'backstage:permissions': permissions } };
const decorators: AnySchemaObject = {
  type: 'array',
  items: { type: 'object', properties: { id: anyText, input: anyObject } },
};
const step: AnySchemaObject = {
  type: 'object',
  required: ['action'],
  properties: {
    id: anyText,
    name: anyText,
    action: anyText,
    input: anyObject,
    if: condition,
    'backstage:permissions': permissions,
  },
};
const buttons: AnySchemaObject = {
  type: 'object',
  properties: { backButtonText: anyText, createButtonText: anyText, reviewButtonText: anyText },
};
const outputLink: AnySchemaObject = {
  type: 'object',
  properties: { if: condition, url: text, entityRef: text, title: text, icon: text },
};
const outputText: AnySchemaObject = {
  type: 'object',
  properties: { if: condition, title: text, icon: text, content: anyText },
};

/** `spec` of a Template: the rules of Backstage's scaffolder, apiVersion `scaffolder.backstage.io/v1beta3`. */
export const templateSpec: AnySchemaObject = {
  type: 'object',
  required: ['type', 'steps'],
  properties: {
    type: text,
    owner: text,
    lifecycle: text,
    parameters: { oneOf: [form, { type: 'array', items: form }] },
    secrets: { type: 'object', properties: { schema: anyObject } },
    presentation: { type: 'object', properties: { buttonLabels: buttons } },
    EXPERIMENTAL_recovery: { type: 'object', properties: { EXPERIMENTAL_strategy: anyText } },
    formDecorators: decorators,
    EXPERIMENTAL_formDecorators: decorators,
    steps: { type: 'array', items: step },
    output: {
      type: 'object',
      properties: { links: { type: 'array', items: outputLink }, text: { type: 'array', items: outputText } },
      additionalProperties: anyText,
    },
  },
};
