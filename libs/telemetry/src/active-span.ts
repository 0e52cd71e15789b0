import type { TraceContext } from './trace-context.ts';

/** What the tracing preload offers to code that must run without it. */
export interface TracingHooks {
  activeSpan(): TraceContext | undefined;
  /** Names the server span of the operation in hand after its route template. */
  nameRoute(method: string, route: string): void;
  /** Sends the spans that wait. */
  flush(): Promise<void>;
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
