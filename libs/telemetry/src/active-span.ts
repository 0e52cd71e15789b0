import { parseTraceparent, type TraceContext } from './trace-context.ts';

/** What the tracing preload offers to code that must run without it. */
export interface TracingHooks {
  activeSpan(): TraceContext | undefined;
  /** Names the server span of the operation in hand after its route template. */
  nameRoute(method: string, route: string): void;
  startSpan(request: SpanRequest): Span;
  /** Sends the spans that wait. */
  flush(): Promise<void>;
}

/** A span of asynchronous work, named as the semantic conventions for messaging have it: `<operation> <destination>`. */
export interface SpanRequest {
  name: string;
  kind: 'producer' | 'consumer';
  /** `traceparent` of the span it belongs under and is linked to. */
  creation: string;
  attributes: Readonly<Record<string, string | number>>;
}

export interface Span {
  /** Runs `work` with the span as the active one. */
  run<T>(work: () => T): T;
  /** With an error the span has failed; only the error's name is kept. */
  end(error?: unknown): void;
}

const key = Symbol.for('idp.tracing');
const holder = globalThis as { [key]?: TracingHooks };

/** Called by the preload, once, before anything is traced. */
export function installTracing(hooks: TracingHooks): void {
  holder[key] = hooks;
}

/** The span of the tracing SDK that is active; undefined while tracing is off. */
export function activeSpan(): TraceContext | undefined {
  return holder[key]?.activeSpan();
}

/** Gives the server span its low-cardinality name (`GET /api/v1/services/:id`); does nothing while tracing is off. */
export function nameRoute(method: string, route: string): void {
  holder[key]?.nameRoute(method, route);
}

/** Starts a span below and linked to the one that caused the work; undefined while tracing is off or that one is not sampled. */
export function startSpan(request: SpanRequest): Span | undefined {
  const hooks = holder[key];
  if (hooks === undefined || parseTraceparent(request.creation)?.sampled !== true) return undefined;
  return hooks.startSpan(request);
}

/** Sends the spans that wait, for the end of a process; at most `timeoutMs`. */
export async function flushTraces(timeoutMs: number): Promise<void> {
  const flushed = holder[key]?.flush().catch(() => undefined);
  if (flushed === undefined) return;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, timeoutMs);
  });
  await Promise.race([flushed, late]);
  clearTimeout(timer);
}
