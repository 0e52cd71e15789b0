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

/**
 * BEGIN and the settings of one transaction, in one message: a statement of its own for the settings would cost as much as the
 * query they are made for. Transaction-scoped only, so they survive no COMMIT and suit poolers. The text holds a tenant id that
 * has the form of a UUID and numbers, nothing else that came from outside. Throws ValidationError for any other tenant id.
 */
export function opening({ readOnly, isolation, tenantId, global, timeoutMs }: OpeningSettings): Statement[] {
  const level = isolation === undefined ? '' : ` isolation level ${isolation}`;
  let text = `begin${level}${readOnly ? ' read only' : ''}`;
  if (tenantId !== undefined) text += `;set local app.tenant_id='${tenantUuid(tenantId)}'`;
  if (global === true) text += `;set local app.global='on'`;
  if (timeoutMs !== undefined) text += `;set local statement_timeout=${Math.ceil(timeoutMs)}`;
  return [{ text }];
}

/** Settings changed within a transaction, as one statement whose text stays one of a few and can be prepared. */
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
