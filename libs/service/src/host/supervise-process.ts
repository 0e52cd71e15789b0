import { ConfigError } from '@idp/config';
import type { Logger } from '@idp/telemetry';

const uncaughtStopMs = 2_000;

/**
 * SIGTERM and SIGINT stop the process in order, within `timeoutMs`, and exit 0; a second one exits 1 at once. An uncaught error is logged
 * and exits 1 after a short stop.
 */
export function superviseProcess(options: {
  logger: Pick<Logger, 'info' | 'fatal'>;
  timeoutMs: number;
  stop: (deadlineMs: number) => Promise<void>;
}): void {
  const { logger, timeoutMs } = options;
  let stopping = false;

  function stop(exitCode: number, deadlineMs: number): void {
    if (stopping) process.exit(1);
    stopping = true;
    options.stop(deadlineMs).then(
      () => process.exit(exitCode),
      () => process.exit(1),
    );
  }

  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (!stopping) logger.info({ signal }, 'stopping');
      stop(0, timeoutMs);
    });
  }
  for (const event of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(event, (error: unknown) => {
      logger.fatal({ err: error, kind: event }, 'uncaught error');
      stop(1, uncaughtStopMs);
    });
  }
}

/** Says in one line why a process does not start, and ends it with exit code 1. */
export function failStart(service: string, error: unknown): void {
  // Two lines at most: what is wrong, never a stack. Values of variables are in no ConfigError.
  const text = error instanceof ConfigError ? error.message : `${(error as Error).message}${causeOf(error)}`;
  process.stderr.write(`${service}: ${text.replaceAll('\n', ' ')}\n`);
  process.exitCode = 1;
  // Pools and timers of a half-started service must not keep the process.
  setImmediate(() => process.exit(1));
}

function causeOf(error: unknown): string {
  const cause = (error as { cause?: unknown }).cause;
  return cause instanceof Error && cause.message !== '' ? ` (${cause.message})` : '';
}
