import { vi } from 'vitest';
import type { Arrangement } from '../../src/hostile/target.ts';
import { jsonOf, send } from '../../src/hostile/wire/client.ts';
import type { Tenant } from './people.ts';
import type { Platform } from './platform.ts';

const logs = '/api/v1/auth/audit-logs';

interface Answered {
  data: { id: string; state?: string }[] & { id: string; state?: string };
}

/** The audit log: a row has to be sealed, and an export to be ready, before they can be asked for. */
export function auditArrangements(platform: Platform, tenant: Tenant): Record<string, Arrangement> {
  const call = async (method: string, target: string, body?: object): Promise<Answered['data']> => {
    const baseUrl = platform.targets.find(({ name }) => name === 'auth')?.baseUrl ?? '';
    const headers = { ...tenant.people[`owner${tenant.letter}`]!.headers, 'content-type': 'application/json' };
    const sent = body === undefined ? {} : { body: JSON.stringify(body) };
    const answer = await send(baseUrl, { method, target, headers, ...sent });
    if (answer.status >= 300) throw new Error(`${method} ${target} was answered ${answer.status}: ${answer.body}`);
    return (jsonOf(answer) as Answered).data;
  };
  const sealedRow = async (): Promise<string> => {
    const first = async () => (await call('GET', `${logs}?limit=1`))[0]?.id;
    return vi.waitUntil(first, { timeout: 60_000, interval: 100 });
  };
  const readyExport = async (): Promise<string> => {
    const { id } = await call('POST', `${logs}/exports`, {});
    const ready = async () => (await call('GET', `${logs}/exports/${id}`)).state === 'ready';
    await vi.waitUntil(ready, { timeout: 60_000, interval: 100 });
    return id;
  };
  let row: Promise<string> | undefined;
  let made: Promise<string> | undefined;
  const keptExport = async () => ({ path: { id: await (made ??= readyExport()) } });
  const report = {
    action: 'external:ldap:login',
    resourceType: 'directory',
    resourceId: 'office',
    actor: 'jane',
    occurredAt: '2026-01-02T03:04:05Z',
    ip: '203.0.113.7',
    userAgent: 'ldap',
    reason: `a text of ${tenant.canary}`,
  };
  return {
    // Rows name one thing after the other; a few of them stand for all.
    listAuditLogs: { request: () => ({ query: { limit: '3' } }) },
    getAuditLog: { request: async () => ({ path: { id: await (row ??= sealedRow()) } }) },
    recordAccess: { request: () => ({ body: report }) },
    verifyAuditLogs: { request: () => ({ query: {} }) },
    createAuditExport: { request: () => ({ body: {} }) },
    getAuditExport: { request: keptExport },
    downloadAuditExport: { request: keptExport },
  };
}
