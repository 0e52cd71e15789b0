/** The last word of a run. A run that ends without one has failed and says so, whatever ended it. */
export interface Verdict {
  /** Aborts when a signal asks for an early end. */
  readonly interrupted: AbortSignal;
  /** Prints the line and ends the process. */
  close(line: string, code: number): never;
}

export function openVerdict(): Verdict {
  let spoken = false;
  process.once('exit', (code) => {
    if (spoken) return;
    console.error(`fault: ended without a verdict (code ${code}): counts as failed`);
    if (code === 0) process.exitCode = 1;
  });
  const interruption = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(signal, () => {
      console.error(`fault: ${signal}: stops the servers and services`);
      interruption.abort();
    });
  }
  return {
    interrupted: interruption.signal,
    close(line, code) {
      spoken = true;
      console.log(line);
      process.exit(code);
    },
  };
}
