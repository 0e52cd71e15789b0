import { UnavailableError } from '@idp/errors';
import type { AccessPort } from '../access-port.ts';
import type { Decision } from '../decision/decide.ts';
import type { DecisionRequest } from '../decision/model.ts';

/** Asks auth where the snapshot here does not suffice: equal questions of the same moment once. */
export type CentralCheck = (request: DecisionRequest) => Promise<Decision>;

/** Rejects with 503 `AUTHZ_STALE` whatever goes wrong: what is not known is not allowed. */
export function createCentralCheck(port: Pick<AccessPort, 'check'>): CentralCheck {
  const asking = new Map<string, Promise<Decision>>();

  async function ask(request: DecisionRequest): Promise<Decision> {
    try {
      return await port.check(request);
    } catch (cause) {
      throw stale(cause);
    }
  }

  return (request) => {
    const key = JSON.stringify(request);
    const known = asking.get(key);
    if (known !== undefined) return known;
    const answer = ask(request).finally(() => asking.delete(key));
    asking.set(key, answer);
    return answer;
  };
}

/** 503 `AUTHZ_STALE`: the rights of the caller are not known well enough to decide. */
export function stale(cause?: unknown): UnavailableError {
  return new UnavailableError('permissions are not up to date', {
    code: 'AUTHZ_STALE',
    retryAfterSeconds: 1,
    ...(cause !== undefined && { cause }),
  });
}
