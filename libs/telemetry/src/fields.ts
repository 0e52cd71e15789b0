import { safeText, type RedactionCount } from './redact.ts';

/** The only names a log line may carry besides those of the operation context. */
const logFields: ReadonlySet<string> = words(`
  requestId traceId spanId tenantId actor subject keyId clientIp userAgent method path route status code
  errorCode durationMs bytesIn bytesOut aborted context component phase reason outcome name task consumer event
  eventId type topic aggregateId sequence attempt attempts delayMs timeoutMs count total kind entityRef
  resourceType resourceId location source file line column version migration schema query sqlState constraint
  group partition partitions host port url signal limit service action permission principal revision setting seconds rows pid address mode
  err dropped
`);

const textMax = 1024;
const stackMax = 4096;

/** Keeps the allowed members of a line, made safe; names of what was left out are listed in `dropped`. */
export function allowedFields(
  line: Record<string, unknown>,
  extra: ReadonlySet<string> | undefined,
  count: RedactionCount,
): Record<string, unknown> {
  const kept: Record<string, unknown> = {};
  let dropped: string[] | undefined;
  for (const name in line) {
    const value = line[name];
    if (value === undefined) continue;
    if (name === 'err' || name === 'error') kept['err'] = safeError(value, count, 0);
    else if (logFields.has(name) || extra?.has(name) === true) kept[name] = safeValue(value, count);
    else (dropped ??= []).push(name);
  }
  if (dropped !== undefined) kept['dropped'] = dropped;
  return kept;
}

function safeValue(value: unknown, count: RedactionCount): unknown {
  switch (typeof value) {
    case 'string':
      return safeText(value, textMax, count);
    case 'number':
    case 'boolean':
      return value;
    case 'bigint':
      return value.toString();
    case 'object':
      if (value === null) return null;
      if (value instanceof Date) return value.toISOString();
      if (Array.isArray(value)) return value.slice(0, 20).map((item) => safeValue(item, count));
      return safeText(stringify(value), textMax, count);
    default:
      return `[${typeof value}]`;
  }
}

function stringify(value: object): string {
  try {
    return JSON.stringify(value);
  } catch {
    return '[object]';
  }
}

/** Name, code, message, stack and causes of an error; nothing else of it, since libraries hang requests onto errors. */
function safeError(value: unknown, count: RedactionCount, depth: number): unknown {
  if (!(value instanceof Error)) return safeValue(value, count);
  const code = (value as { code?: unknown }).code;
  const safe: Record<string, unknown> = { name: value.name, message: safeText(value.message, textMax, count) };
  if (typeof code === 'string' || typeof code === 'number') safe['code'] = safeValue(code, count);
  // A stack repeats the message first, and line ends are what makes it readable: they stay, as JSON escapes.
  if (value.stack !== undefined) safe['stack'] = stackLines(value, depth === 0 ? stackMax : textMax, count);
  if (value.cause !== undefined && depth < 3) safe['cause'] = safeError(value.cause, count, depth + 1);
  return safe;
}

function stackLines(error: Error, max: number, count: RedactionCount): string[] {
  const lines: string[] = [];
  let length = 0;
  for (const line of (error.stack ?? '').split('\n')) {
    if (!line.startsWith('    at ')) continue;
    length += line.length;
    if (length > max || lines.length === 20) break;
    lines.push(safeText(line.trim().slice(3), 256, count));
  }
  return lines;
}

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}
