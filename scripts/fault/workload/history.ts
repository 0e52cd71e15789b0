import { appendFileSync } from 'node:fs';

/** What became of an operation as far as its client can tell. `unknown`: it got no answer and cannot say. */
export type Outcome = 'ok' | 'fail' | 'unknown';

export type OperationName = 'transfer' | 'register' | 'change' | 'delete' | 'read';

/** One operation of a client, with all its tries. */
export interface Entry {
  /** The client's own name for it, also its idempotency key. */
  operation: string;
  op: OperationName;
  tenant: string;
  /** Milliseconds since the epoch. */
  start: number;
  end: number;
  outcome: Outcome;
  tries: number;
  /** Status of the last answer; absent when there was none. */
  status?: number;
  /** Process of the last answer or try. */
  process: string;
  /** What it was about: amount and accounts, uid and description. */
  detail: Readonly<Record<string, string | number>>;
  /** Something an answer showed that it must not, e.g. another tenant's canary. */
  leak?: string;
}

/** What the clients did, in memory for the checker and in a file for people, one JSON object a line. */
export interface History {
  readonly entries: readonly Entry[];
  add(entry: Entry): void;
}

export function createHistory(file: string): History {
  const entries: Entry[] = [];
  return {
    entries,
    add(entry) {
      entries.push(entry);
      appendFileSync(file, `${JSON.stringify(entry)}\n`);
    },
  };
}
