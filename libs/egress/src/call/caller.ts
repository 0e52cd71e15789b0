import { AppError } from '@idp/errors';
import { classes } from '../classes.ts';
import type { ClassRules } from '../classes.ts';
import type { CheckOptions, EgressInit, EgressResponse, EgressStream, FetchOptions } from '../contract.ts';
import type { AdmittedTarget } from '../guard/guard.ts';
import type { EgressMetrics, Outcome } from '../metrics.ts';
import { limitedBody } from './body.ts';
import { exchange } from './exchange.ts';
import type { Exchange, ExchangeRequest } from './exchange.ts';
import { callFailure, callTimeout, failureOf } from './failure.ts';
import { headersForOtherOrigin, requestHeaders } from './headers.ts';
import { redirectOf } from './redirect.ts';

export interface Caller {
  fetch: (url: string, init: EgressInit, options: FetchOptions) => Promise<EgressResponse>;
  stream: (url: string, init: EgressInit, options: FetchOptions) => Promise<EgressStream>;
}

interface CallerDependencies {
  admit: (url: string, options: CheckOptions, signal: AbortSignal) => Promise<AdmittedTarget>;
  metrics: EgressMetrics;
  ca?: readonly string[];
}

export function createCaller(dependencies: CallerDependencies): Caller {
  async function stream(url: string, init: EgressInit, options: FetchOptions): Promise<EgressStream> {
    const rules: ClassRules = classes[options.class];
    const request = prepare(init, rules, options);
    const time = AbortSignal.timeout(rules.totalMs);
    const signal = options.signal === undefined ? time : AbortSignal.any([time, options.signal]);
    const call = observe(dependencies.metrics, options, time);
    try {
      const { hop, target } = await follow(url, request, rules, options, signal, dependencies);
      const body = readBody(hop, rules.bodyMax, signal, call);
      const dispose = () => body.return().then(() => hop.close());
      return { status: hop.status, headers: hop.headers, url: target.url.href, body, [Symbol.asyncDispose]: dispose };
    } catch (error) {
      throw call.failed(error);
    }
  }

  return {
    stream,
    async fetch(url: string, init: EgressInit, options: FetchOptions): Promise<EgressResponse> {
      await using answer = await stream(url, init, options);
      const chunks: Buffer[] = [];
      for await (const chunk of answer.body) chunks.push(chunk);
      return { status: answer.status, headers: answer.headers, url: answer.url, body: Buffer.concat(chunks) };
    },
  };
}

/** Wrong methods are mistakes of the calling code, not of a user. */
function prepare(init: EgressInit, rules: ClassRules, { class: className, purpose }: FetchOptions): ExchangeRequest {
  const method = init.method ?? 'GET';
  if (rules.methods !== 'any' && !rules.methods.includes(method)) {
    throw new TypeError(`egress class ${className} does not allow ${method} (${purpose})`);
  }
  const withoutBody = method === 'GET' || method === 'HEAD';
  if (withoutBody && init.body !== undefined) throw new TypeError(`a ${method} request has no body (${purpose})`);
  return { method, headers: requestHeaders(init.headers), ...(init.body === undefined ? {} : { body: init.body }) };
}

async function follow(
  url: string,
  request: ExchangeRequest,
  rules: ClassRules,
  options: FetchOptions,
  signal: AbortSignal,
  { admit, ca }: CallerDependencies,
): Promise<{ hop: Exchange; target: AdmittedTarget }> {
  let target = await admit(url, options, signal);
  let { headers } = request;
  for (let redirects = 0; ; redirects++) {
    const hop = await exchange(target, { ...request, headers }, { signal, ...(ca === undefined ? {} : { ca }) });
    const next = await nextOf(hop, { url: target.url, method: request.method }, rules);
    if (next === undefined) return { hop, target };
    await hop.close();
    if (redirects === rules.redirectsMax) throw callFailure('redirect');
    const nextTarget = await admit(next, options, signal);
    if (nextTarget.url.origin !== target.url.origin) headers = headersForOtherOrigin(headers);
    target = nextTarget;
  }
}

async function nextOf(
  hop: Exchange,
  request: { url: URL; method: string },
  rules: ClassRules,
): Promise<string | undefined> {
  try {
    return redirectOf(hop, request, rules);
  } catch (error) {
    await hop.close();
    throw error;
  }
}

async function* readBody(
  hop: Exchange,
  bodyMax: number,
  signal: AbortSignal,
  call: ObservedCall,
): AsyncGenerator<Buffer, void, void> {
  try {
    yield* limitedBody(hop.body, hop.headers['content-encoding'], bodyMax);
    call.answered();
  } catch (error) {
    if (signal.aborted) throw call.failed(signal.reason);
    throw call.failed(error instanceof AppError ? error : failureOf(error));
  } finally {
    await hop.close();
  }
}

interface ObservedCall {
  answered(): void;
  /** Counts the failure and returns the error to throw. */
  failed(error: unknown): unknown;
}

function observe(metrics: EgressMetrics, options: FetchOptions, time: AbortSignal): ObservedCall {
  const startedMs = performance.now();
  const finish = (outcome: Outcome) =>
    metrics.finished(options.class, outcome, (performance.now() - startedMs) / 1_000);
  return {
    answered: () => finish('answered'),
    failed(error) {
      if (error === time.reason && time.aborted) {
        finish('timeout');
        return callTimeout(error);
      }
      if (options.signal?.aborted === true && error === options.signal.reason) {
        finish('aborted');
        return error;
      }
      finish(error instanceof AppError && error.code === 'URL_NOT_ALLOWED' ? 'refused' : 'failed');
      return error;
    },
  };
}
