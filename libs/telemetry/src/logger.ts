import { pino, type DestinationStream, type Logger, type LoggerOptions } from 'pino';
import { currentContext } from './context.ts';
import { allowedFields } from './fields.ts';
import { safeText, type RedactionCount } from './redact.ts';

export interface LoggerSettings {
  service: string;
  version: string;
  level: string;
  destination?: DestinationStream;
  /** Field names allowed beside the common ones. */
  fields?: readonly string[];
  onRedaction?: (count: number) => void;
}

const lineMaxBytes = 8192;
const messageMax = 2048;
const blockBytes = 12_288;
const flushMs = 200;

/**
 * JSON logger whose lines hold allow-listed fields only, without secrets and without characters that forge lines, at most
 * 8 KiB each. Every line carries the ids of the operation in hand.
 */
export function createLogger(settings: LoggerSettings): Logger {
  const extra = settings.fields === undefined ? undefined : new Set(settings.fields);
  const count: RedactionCount = { redactions: 0 };
  const report = settings.onRedaction;
  const options: LoggerOptions = {
    level: settings.level,
    messageKey: 'message',
    errorKey: 'err',
    base: { service: settings.service, version: settings.version },
    timestamp: () => `,"timestamp":"${new Date().toISOString()}"`,
    mixin: contextFields,
    formatters: {
      level: (label) => ({ level: label }),
      bindings: (bindings) => allowedFields(bindings, extra, count),
    },
    serializers: { err: (value: unknown) => value },
    hooks: {
      logMethod(args, method) {
        const safe = safeArguments(args as unknown[], extra, count);
        if (count.redactions > 0) {
          report?.(count.redactions);
          count.redactions = 0;
        }
        method.apply(this, safe as Parameters<typeof method>);
      },
    },
  };
  const destination = settings.destination ?? standardOutput();
  return withSafeChildren(pino(options, bounded(destination)), extra, count);
}

/**
 * Standard output in blocks: a write for each line would cost more than the line. What is buffered leaves after a fifth of a
 * second, and when the process ends in any way but SIGKILL.
 */
function standardOutput(): DestinationStream {
  const stream = pino.destination({ dest: 1, sync: false, minLength: blockBytes, maxWrite: 2 * blockBytes });
  setInterval(() => stream.flush(), flushMs).unref();
  return stream;
}

/** pino formats the bindings of the root logger only; children inherit this override through their prototype. */
function withSafeChildren(logger: Logger, extra: ReadonlySet<string> | undefined, count: RedactionCount): Logger {
  // oxlint-disable-next-line typescript/unbound-method -- called with the logger it is asked of
  const plain = logger.child;
  const child = function (this: Logger, bindings: Record<string, unknown>, options?: object): Logger {
    return plain.call(this, allowedFields(bindings, extra, count), options) as unknown as Logger;
  };
  return Object.assign(logger, { child });
}

function contextFields(): object {
  const context = currentContext();
  if (context === undefined) return {};
  const fields: Record<string, unknown> = {
    requestId: context.requestId,
    traceId: context.traceId,
    spanId: context.spanId,
  };
  if (context.tenantId !== undefined) fields['tenantId'] = context.tenantId;
  if (context.actor !== undefined) fields['actor'] = context.actor;
  return fields;
}

/** `(error, message?)`, `(fields, message?)` or `(message)`; further arguments are not interpolated but dropped. */
function safeArguments(args: unknown[], extra: ReadonlySet<string> | undefined, count: RedactionCount): unknown[] {
  const [first, second] = args;
  if (typeof first === 'string') return [{}, safeText(first, messageMax, count)];
  const line = first instanceof Error ? { err: first } : ((first ?? {}) as Record<string, unknown>);
  const text = typeof second === 'string' ? second : first instanceof Error ? first.message : undefined;
  const fields = allowedFields(line, extra, count);
  return text === undefined ? [fields] : [fields, safeText(text, messageMax, count)];
}

/** Replaces a line above the limit by its head: level, time, service, ids and message always come first. */
function bounded(destination: DestinationStream): DestinationStream {
  const stream = destination as DestinationStream & { flushSync?: () => void; flush?: (cb?: () => void) => void };
  return {
    write(line: string): void {
      stream.write(line.length * 3 > lineMaxBytes && Buffer.byteLength(line) > lineMaxBytes ? shortened(line) : line);
    },
    flushSync: () => stream.flushSync?.(),
    flush: (cb?: () => void) => (stream.flush === undefined ? cb?.() : stream.flush(cb)),
  } as DestinationStream;
}

const headFields = ['level', 'timestamp', 'service', 'version', 'requestId', 'traceId', 'spanId', 'tenantId', 'route'];

function shortened(line: string): string {
  const full = JSON.parse(line) as Record<string, unknown>;
  const short: Record<string, unknown> = {};
  for (const name of headFields) if (full[name] !== undefined) short[name] = full[name];
  for (const name of ['status', 'code', 'message', 'err'] as const) {
    if (full[name] === undefined) continue;
    const value = JSON.stringify(full[name]);
    short[name] = value.length <= 1024 ? full[name] : `${value.slice(0, 1024)}…`;
  }
  short['truncated'] = true;
  return `${JSON.stringify(short)}\n`;
}
