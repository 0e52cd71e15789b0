import { dataAnswer, type EdgeHandler } from './contract.ts';

export type HealthStatus = 'ok' | 'degraded' | 'down';

export interface ServiceHealth {
  name: string;
  status: HealthStatus;
  version: string;
}

/** Asks every service; one that cannot be asked is listed as `down`. */
export type HealthSource = () => Promise<readonly ServiceHealth[]>;

const freshMs = 2_000;

/**
 * Status of the whole, for everybody; with a credential also that of each service. Always 200 while the gateway works: the body
 * tells. `ok` only when every service is ready. Asked at most every two seconds, however many ask.
 */
export function healthHandler(source: HealthSource, now: () => number = () => performance.now()): EdgeHandler {
  let asked: { at: number; services: Promise<readonly ServiceHealth[]> } | undefined;
  return async (request) => {
    if (asked === undefined || now() - asked.at >= freshMs) asked = { at: now(), services: source() };
    const services = await asked.services;
    const status = overall(services);
    // What is not ready may be so a moment later: only good news is kept.
    if (status !== 'ok') asked = undefined;
    const answer = dataAnswer(request, request.principal !== undefined ? { status, services } : { status });
    return { ...answer, headers: { ...answer.headers, 'cache-control': 'no-store' } };
  };
}

function overall(services: readonly ServiceHealth[]): HealthStatus {
  if (services.length > 0 && services.every(({ status }) => status === 'ok')) return 'ok';
  return services.some(({ status }) => status !== 'down') ? 'degraded' : 'down';
}
