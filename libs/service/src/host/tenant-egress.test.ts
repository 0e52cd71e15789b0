import type { AccessPort } from '@idp/auth';
import { expect, test } from 'vitest';
import { tenantEgress } from './tenant-egress.ts';

const lists: Readonly<Record<string, readonly string[] | undefined>> = {
  narrow: ['git.corp.internal', 'no entry at all', '10.1.0.0/99'],
  closed: [],
  silent: undefined,
};
const access = {
  world: (tenantId: string) => (tenantId in lists ? { tenant: { egress: lists[tenantId] } } : undefined),
} as unknown as AccessPort;

test.each([
  ['narrow', ['git.corp.internal']],
  ['closed', []],
  ['silent', ['10.0.0.0/8', 'git.corp.internal']],
  ['unknown', ['10.0.0.0/8', 'git.corp.internal']],
])('of a tenant that is %s these entries count: %j', async (tenantId, allow) => {
  const settingsOf = tenantEgress(access, ['10.0.0.0/8', 'git.corp.internal']);
  expect(await settingsOf(tenantId)).toEqual({ allow, plainHttpWebhooks: false });
});
