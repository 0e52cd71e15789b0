import type { JsonObject } from './entity.ts';

function fixture(kind: string, spec: JsonObject, apiVersion = 'backstage.io/v1alpha1'): JsonObject {
  return {
    apiVersion,
    kind,
    metadata: {
      name: 'payment-gateway',
      namespace: 'billing',
      title: 'Payments',
      description: 'Takes money',
      labels: { 'example.com/tier': 'gold', team: '' },
      annotations: { 'github.com/project-slug': 'acme/payments' },
      tags: ['java', 'c++', 'a:b'],
      links: [{ url: 'https://example.com/runbook', title: 'Runbook', icon: 'docs', type: 'doc' }],
    },
    spec,
  };
}

const base = { lifecycle: 'production', owner: 'team-a', system: 'billing' };

/** A valid document of every built-in kind and variant, with every field its rules speak of: seeds of property tests. */
export const entityFixtures: readonly JsonObject[] = [
  fixture('Component', {
    type: 'service',
    ...base,
    subcomponentOf: 'shop',
    providesApis: ['payments-api'],
    consumesApis: ['default/ledger'],
    dependsOn: ['resource:db', 'component:other/x'],
    dependencyOf: ['component:default/web'],
  }),
  fixture('API', { type: 'openapi', ...base, definition: 'openapi: 3.1.0' }, 'backstage.io/v1beta1'),
  fixture('API', { type: 'mcp-server', ...base, remotes: [{ type: 'sse', url: 'https://example.com/mcp' }] }),
  fixture('Resource', { type: 'database', owner: 'user:ann', dependsOn: ['resource:disk'], system: 'billing' }),
  fixture('System', { owner: 'team-a', domain: 'finance', type: 'product' }),
  fixture('Domain', { owner: 'team-a', subdomainOf: 'company', type: 'area' }),
  fixture('Group', {
    type: 'team',
    profile: { displayName: 'A', email: 'a@example.com', picture: 'https://example.com/a.png' },
    parent: 'company',
    children: ['team-b'],
    members: ['ann'],
  }),
  fixture('User', { profile: { displayName: 'Ann' }, memberOf: ['team-a'] }),
  fixture('Location', { type: 'url', target: './a.yaml', targets: ['./b.yaml'], presence: 'optional' }),
  fixture('AiResource', { type: 'prompt', ...base }),
  fixture('AiResource', { type: 'skill', ...base, disciplines: ['web'], agents: ['x'], compatibility: 'Node 24' }),
  fixture('AiResource', { type: 'rule', ...base, category: 'style', rationale: 'Reads better' }),
  fixture('AiResource', { type: 'plugin', ...base, skills: ['airesource:default/lint'], version: '1.0.0' }),
  fixture('AiResource', { type: 'marketplace', ...base, plugins: ['airesource:default/kit'], version: '1.0.0' }),
  fixture(
    'Template',
    {
      type: 'service',
      owner: 'team-a',
      lifecycle: 'production',
      parameters: [{ title: 'Name', 'backstage:permissions': { tags: ['one'] } }],
      presentation: { buttonLabels: { backButtonText: 'Back' } },
      steps: [{ id: 'fetch', name: 'Fetch', action: 'fetch:plain', input: { url: './x' }, if: true }],
      output: { links: [{ title: 'Open', url: 'https://example.com' }], text: [{ title: 'Done', content: 'ok' }] },
    },
    'scaffolder.backstage.io/v1beta3',
  ),
];
