import { watch } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import type { Logger } from '@idp/telemetry';

const quietMs = 150;

/**
 * Calls `changed` after files below the directory changed and have been quiet for a moment. Events may be lost: a full scan from
 * time to time is needed beside it. Ends when `signal` aborts; a directory that cannot be watched is logged and left alone.
 */
export async function watchDirectory(
  directory: string,
  { changed, signal, logger }: { changed: () => void; signal: AbortSignal; logger: Logger },
): Promise<void> {
  let timer: AbortController | undefined;
  const settle = (): void => {
    timer?.abort();
    timer = new AbortController();
    const quiet = AbortSignal.any([signal, timer.signal]);
    pause(quietMs, undefined, { signal: quiet }).then(changed, () => undefined);
  };
  try {
    for await (const _event of watch(directory, { recursive: true, signal })) settle();
  } catch (err) {
    if (!signal.aborted) logger.warn({ err, directory }, 'directory cannot be watched, full scans go on');
  }
}
