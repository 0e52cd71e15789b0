import type { RequestFacts } from '@idp/auth';
import { currentContext } from '@idp/telemetry';
import { RequestOperation } from '../http/operation.ts';

/** What decisions may know of the request in hand. */
export function requestFacts(): RequestFacts | undefined {
  const context = currentContext();
  if (!(context instanceof RequestOperation)) return undefined;
  const { ip, seenVersion, plan } = context;
  return { ip, mutates: plan?.mutates === true, ...(seenVersion !== undefined && { seenVersion }) };
}
