import { ValidationError } from '@idp/errors';
import type { Statement } from './session.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** The tenant id in canonical form; ValidationError when it is not a UUID. */
export function tenantUuid(id: string): string {
  if (typeof id !== 'string' || !uuid.test(id)) {
    throw new ValidationError('The tenant id is not a UUID.', {
      issues: [{ path: 'tenantId', message: 'not a UUID' }],
    });
  }
  return id.toLowerCase();
}

export interface OpeningSettings {
  readOnly: boolean;
  isolation?: 'read committed' | 'repeatable read' | 'serializable' | undefined;
  tenantId?: string | undefined;
  global?: boolean | undefined;
  timeoutMs?: number | undefined;
}

/** BEGIN and the settings of one transaction; transaction-scoped only, so they survive no COMMIT and suit poolers. */
export function opening({ readOnly, isolation, tenantId, global, timeoutMs }: OpeningSettings): Statement[] {
  const level = isolation === undefined ? '' : ` isolation level ${isolation}`;
  const begin = { text: `begin${level}${readOnly ? ' read only' : ''}` };
  const settings = settingsStatement({ tenantId, global, timeoutMs });
  return settings === undefined ? [begin] : [begin, settings];
}

/** One statement for all settings, so that its text stays one of a few and can be prepared. */
export function settingsStatement({
  tenantId,
  global,
  timeoutMs,
}: Pick<OpeningSettings, 'tenantId' | 'global' | 'timeoutMs'>): Statement | undefined {
  const calls: string[] = [];
  const values: string[] = [];
  const set = (name: string, value: string): void => {
    values.push(value);
    calls.push(`set_config('${name}', $${values.length}, true)`);
  };
  if (tenantId !== undefined) set('app.tenant_id', tenantId);
  if (global === true) set('app.global', 'on');
  if (timeoutMs !== undefined) set('statement_timeout', String(Math.ceil(timeoutMs)));
  return calls.length === 0 ? undefined : { text: `select ${calls.join(', ')}`, values };
}
