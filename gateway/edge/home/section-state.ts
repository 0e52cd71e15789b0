import { TimeoutError } from '@idp/errors';
import { z } from 'zod';

/** What one section shows. */
export interface SectionState {
  status: 'ok' | 'forbidden' | 'unavailable' | 'timeout';
  data?: unknown;
  error?: { code: string; message: string };
  /** The data are older than they should be: the last good ones, of at most a minute ago. */
  stale?: true;
}

/** What a service answered. */
export interface SectionAnswer {
  status: number;
  /** Parsed JSON; undefined where there is none. */
  body: unknown;
}

const dataBody = z.object({ data: z.unknown().refine((data) => data !== undefined) });
const errorBody = z.object({ error: z.object({ code: z.string(), message: z.string() }) });
const noAnswer = { code: 'UNAVAILABLE', message: 'the service does not answer' };
const noTime = { code: 'UPSTREAM_TIMEOUT', message: 'the service did not answer in time' };

/** A service may answer anything: what is no answer of its operation makes the section unavailable and nothing else. */
export function stateOf({ status, body }: SectionAnswer): SectionState {
  const data = dataBody.safeParse(body);
  if (status === 200 && data.success) return { status: 'ok', data: data.data.data };
  const error = errorBody.safeParse(body);
  const told = error.success ? { code: error.data.error.code, message: error.data.error.message } : noAnswer;
  return status === 401 || status === 403
    ? { status: 'forbidden', error: told }
    : { status: 'unavailable', error: told };
}

/** The state of a section whose call has failed. */
export function failedState(error: unknown): SectionState {
  return error instanceof TimeoutError
    ? { status: 'timeout', error: noTime }
    : { status: 'unavailable', error: noAnswer };
}
