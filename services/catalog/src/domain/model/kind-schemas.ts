import type { AnySchemaObject } from 'ajv';
import { text, textList } from './envelope-schema.ts';
import { templateSpec } from './template-schema.ts';

/** One way a kind may be written: for these apiVersions, and where given only for one value of `spec.type`. */
export interface KindVersion {
  kind: string;
  apiVersions: readonly string[];
  specType?: string;
  /** JSON Schema of `spec`. */
  spec: AnySchemaObject;
}

const both = ['backstage.io/v1alpha1', 'backstage.io/v1beta1'];
const alpha = ['backstage.io/v1alpha1'];

function spec(required: string[], properties: Record<string, AnySchemaObject>): AnySchemaObject {
  return { type: 'object', required, properties };
}

const only = (value: string): AnySchemaObject => ({ type: 'string', enum: [value] });
const lifecycleAndOwner = { lifecycle: text, owner: text, system: text };
const profile: AnySchemaObject = { type: 'object', properties: { displayName: text, email: text, picture: text } };
const remote: AnySchemaObject = { type: 'object', required: ['type', 'url'], properties: { type: text, url: text } };

const component = spec(['type', 'lifecycle', 'owner'], {
  type: text,
  ...lifecycleAndOwner,
  subcomponentOf: text,
  providesApis: textList,
  consumesApis: textList,
  dependsOn: textList,
});
const api = spec(['type', 'lifecycle', 'owner', 'definition'], { type: text, ...lifecycleAndOwner, definition: text });
const mcpServer = spec(['type', 'lifecycle', 'owner', 'remotes'], {
  type: { const: 'mcp-server' },
  ...lifecycleAndOwner,
  remotes: { type: 'array', minItems: 1, items: remote },
});
const resource = spec(['type', 'owner'], { type: text, owner: text, dependsOn: textList, system: text });
const system = spec(['owner'], { owner: text, domain: text, type: text });
const domain = spec(['owner'], { owner: text, subdomainOf: text, type: text });
const group = spec(['type', 'children'], {
  type: text,
  profile,
  parent: text,
  children: textList,
  members: textList,
});
const user = spec(['memberOf'], { profile, memberOf: textList });
const location = spec([], {
  type: text,
  target: text,
  targets: textList,
  presence: { type: 'string', enum: ['required', 'optional'] },
});

const aiResource = spec(['type', 'lifecycle', 'owner'], { type: text, ...lifecycleAndOwner });
const aiSkill = spec(['type', 'lifecycle', 'owner'], {
  type: only('skill'),
  ...lifecycleAndOwner,
  disciplines: textList,
  categories: textList,
  agents: textList,
  dependsOn: textList,
  allowedTools: text,
  license: text,
  compatibility: { ...text, maxLength: 500 },
});
const aiRule = spec(['type', 'lifecycle', 'owner', 'category', 'rationale'], {
  type: only('rule'),
  ...lifecycleAndOwner,
  disciplines: textList,
  category: text,
  rationale: text,
});
const aiPlugin = spec(['type', 'lifecycle', 'owner', 'skills'], {
  type: only('plugin'),
  ...lifecycleAndOwner,
  skills: textList,
  version: text,
});
const aiMarketplace = spec(['type', 'lifecycle', 'owner', 'plugins'], {
  type: only('marketplace'),
  ...lifecycleAndOwner,
  plugins: textList,
  version: text,
});

/** The built-in kinds. Rules and the order of members equal `@backstage/catalog-model` 1.10.1. */
export const kindVersions: readonly KindVersion[] = [
  { kind: 'API', apiVersions: both, spec: api },
  { kind: 'API', apiVersions: both, specType: 'mcp-server', spec: mcpServer },
  { kind: 'Component', apiVersions: both, spec: component },
  { kind: 'Resource', apiVersions: both, spec: resource },
  { kind: 'Group', apiVersions: both, spec: group },
  { kind: 'Location', apiVersions: both, spec: location },
  { kind: 'User', apiVersions: both, spec: user },
  { kind: 'System', apiVersions: both, spec: system },
  { kind: 'Domain', apiVersions: both, spec: domain },
  { kind: 'AiResource', apiVersions: alpha, spec: aiResource },
  { kind: 'AiResource', apiVersions: alpha, specType: 'skill', spec: aiSkill },
  { kind: 'AiResource', apiVersions: alpha, specType: 'rule', spec: aiRule },
  { kind: 'AiResource', apiVersions: alpha, specType: 'plugin', spec: aiPlugin },
  { kind: 'AiResource', apiVersions: alpha, specType: 'marketplace', spec: aiMarketplace },
  { kind: 'Template', apiVersions: ['scaffolder.backstage.io/v1beta3'], spec: templateSpec },
];
