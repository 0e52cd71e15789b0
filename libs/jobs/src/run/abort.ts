/** Why a run was told to end. */
export type AbortCause = 'timeout' | 'lease lost' | 'cancelled' | 'stopping';

/** The reason of a job's signal. */
export class JobAbort extends Error {
  override readonly name = 'JobAbort';
  readonly why: AbortCause;

  constructor(why: AbortCause) {
    super(`the run was ended: ${why}`);
    this.why = why;
  }
}

/** Why a signal was aborted, if it was one of ours. */
export function abortOf(signal: AbortSignal): AbortCause | undefined {
  return signal.reason instanceof JobAbort ? signal.reason.why : undefined;
}
