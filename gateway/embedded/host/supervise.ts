import type { Logger } from '@idp/telemetry';

/** Something that runs until the process is told to stop. */
export interface Supervised {
  log: Pick<Logger, 'fatal'>;
  stop(): Promise<void>;
}

export interface Supervisor {
  /** Aborts when the process has been told to stop. */
  stopping: AbortSignal;
  /** The host that is stopped from now on. */
  watch(host: Supervised): void;
}

/** One order to stop may arrive twice: `timeout` and systemd signal the whole group, and the bootstrap passes its own on. */
const sameOrderMs = 1_000;

/**
 * SIGINT, SIGTERM and SIGHUP stop the host and exit 0; another one later than a second exits 1 at once, leaving PostgreSQL to
 * be adopted by the next start. A signal during the start waits for what is being started. Uncaught errors are logged, and exit 1 after a stop.
 * `stopMaxMs` is longer than every step of a stop together: a step that hangs must not keep the terminal.
 */
export function superviseHost({ stopMaxMs }: { stopMaxMs: number }): Supervisor {
  const stopping = new AbortController();
  let host: Supervised | undefined;
  let exitCode: number | undefined;
  let toldAt = 0;

  function stop(code: number): void {
    if (exitCode !== undefined) {
      if (performance.now() - toldAt > sameOrderMs) process.exit(1);
      return;
    }
    exitCode = code;
    toldAt = performance.now();
    stopping.abort();
    if (host !== undefined) end(host, code, stopMaxMs);
  }

  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop(0));
  for (const kind of ['uncaughtException', 'unhandledRejection'] as const) {
    process.on(kind, (error: unknown) => {
      if (host === undefined) process.stderr.write(`idp: ${(error as Error)?.message ?? String(error)}\n`);
      else host.log.fatal({ err: error, kind }, 'uncaught error');
      if (exitCode === undefined) stop(1);
    });
  }
  return {
    stopping: stopping.signal,
    watch(started) {
      host = started;
      if (exitCode !== undefined) end(started, exitCode, stopMaxMs);
    },
  };
}

function end(host: Supervised, code: number, stopMaxMs: number): void {
  setTimeout(() => process.exit(1), stopMaxMs).unref();
  host.stop().then(
    () => process.exit(code),
    (error: unknown) => {
      process.stderr.write(`idp: ${(error as Error).message}\n`);
      process.exit(1);
    },
  );
}
