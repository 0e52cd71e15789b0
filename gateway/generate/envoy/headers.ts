import type { Data } from './any.ts';

/** Headers that replace what is there. */
export function overwrite(headers: Readonly<Record<string, string>>): Data[] {
  return withAction(headers, 'OVERWRITE_IF_EXISTS_OR_ADD');
}

/** Headers that stand beside what is there. */
export function append(headers: Readonly<Record<string, string>>): Data[] {
  return withAction(headers, 'APPEND_IF_EXISTS_OR_ADD');
}

/** Headers for answers that do not have them. */
export function complete(headers: Readonly<Record<string, string>>): Data[] {
  return withAction(headers, 'ADD_IF_ABSENT');
}

function withAction(headers: Readonly<Record<string, string>>, append_action: string): Data[] {
  return Object.entries(headers).map(([key, value]) => ({ header: { key, value }, append_action }));
}
