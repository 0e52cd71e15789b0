import { TimeoutError, UnavailableError } from '@idp/errors';
import { request, type Dispatcher } from 'undici';

/** What a service answered. */
export interface ServiceAnswer {
  status: number;
  /** Lower-case names; of a header that was sent twice the first. */
  headers: Readonly<Record<string, string>>;
  /** The JSON body; undefined where there is none. */
  body: unknown;
}

/** The target has failed: it did not answer in time, or with a status of 500 and above. */
export class FailedAttempt extends Error {
  /** Nothing reached the target. */
  readonly isConnection: boolean;
  /** It has used up the time that calls to it have. */
  readonly isTimeout: boolean;
  /** From `Retry-After`. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    options: { cause?: unknown; isConnection?: boolean; isTimeout?: boolean; retryAfterMs?: number | undefined } = {},
  ) {
    super(message, { cause: options.cause });
    this.name = 'FailedAttempt';
    this.isConnection = options.isConnection ?? false;
    this.isTimeout = options.isTimeout ?? false;
    this.retryAfterMs = options.retryAfterMs;
  }
}

export interface Attempt {
  url: string;
  method: string;
  headers: Record<string, string>;
  body: string | undefined;
  bytesMax: number;
  /** Time that calls to the target have. */
  limit: AbortSignal;
  /** The caller waits no longer, or is out of time before `limit`: nothing is said of the target by it. */
  caller: AbortSignal;
}

const connectionCodes = new Set(['ECONNREFUSED', 'ECONNRESET', 'ENOTFOUND', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT']);

/** One request over the dispatcher. Throws FailedAttempt, or TimeoutError where the caller has ended it. */
export async function attempt(dispatcher: Dispatcher, call: Attempt): Promise<ServiceAnswer> {
  const { url, method, headers, body, bytesMax, limit, caller } = call;
  const signal = AbortSignal.any([limit, caller]);
  try {
    const answer = await request(url, { dispatcher, method, headers, signal, ...(body !== undefined && { body }) });
    const text = await readText(answer.body, bytesMax);
    if (answer.statusCode >= 500) {
      const retryAfterMs = retryAfterOf(answer.headers['retry-after']);
      throw new FailedAttempt(`it answered ${answer.statusCode}`, { retryAfterMs });
    }
    return { status: answer.statusCode, headers: plainHeaders(answer.headers), body: jsonOf(text) };
  } catch (error) {
    if (error instanceof FailedAttempt || error instanceof UnavailableError) throw error;
    if (caller.aborted) throw new TimeoutError('the service did not answer in time', { cause: error });
    if (limit.aborted) throw new FailedAttempt('it did not answer in time', { cause: error, isTimeout: true });
    const isConnection = connectionCodes.has((error as { code?: string }).code ?? '');
    throw new FailedAttempt('it could not be reached', { cause: error, isConnection });
  }
}

async function readText(body: AsyncIterable<Buffer>, bytesMax: number): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > bytesMax) throw new FailedAttempt(`it answered more than ${bytesMax} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function jsonOf(text: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new FailedAttempt('it answered no JSON', { cause });
  }
}

function plainHeaders(headers: Record<string, string | string[] | undefined>): Record<string, string> {
  const entries = Object.entries(headers).flatMap(([name, value]) => {
    const first = Array.isArray(value) ? value[0] : value;
    return first === undefined ? [] : [[name, first] as const];
  });
  return Object.fromEntries(entries);
}

/** Seconds only: a date would be compared with a clock of another machine. */
function retryAfterOf(header: string | string[] | undefined): number | undefined {
  return typeof header === 'string' && /^\d{1,5}$/.test(header) ? Number(header) * 1000 : undefined;
}
