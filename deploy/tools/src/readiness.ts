import type { ChildProcess } from 'node:child_process';
import type { Readable } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { ToolError, lastLine } from './tool-error.ts';

const askEveryMs = 50;

export interface ReadinessOptions {
  /** What the server is called in errors. */
  name: string;
  /** Part of the line that says the server accepts clients, or what asks it. */
  mark: string | (() => Promise<boolean>);
  timeoutMs: number;
  /** Sent to a server that is not ready in time. */
  signal: NodeJS.Signals;
  /** Gets every line the server prints, also after it is ready. */
  onLog?: ((line: string) => void) | undefined;
}

/** Resolves when the server says that it is ready. Throws ToolError with its last line when it ends or is not ready in time. */
export function untilReady(child: ChildProcess, options: ReadinessOptions): Promise<void> {
  const { name, mark, timeoutMs, signal, onLog } = options;
  return new Promise((resolve, reject) => {
    let seen = '';
    let settled = false;
    const fail = (reason: string) => {
      settled = true;
      clearTimeout(timer);
      child.kill(signal);
      reject(new ToolError(`${name} did not start: ${reason}`));
    };
    const timer = setTimeout(() => fail(`not ready after ${timeoutMs / 1000} s`), timeoutMs);
    const done = () => {
      settled = true;
      clearTimeout(timer);
      resolve();
    };
    const onLine = (line: string) => {
      if (seen.length < 65_536) seen += `${line}\n`;
      onLog?.(line);
      if (typeof mark === 'string' && line.includes(mark)) done();
    };
    child.once('error', (error) => fail(error.message));
    // Not `exit`: what the server printed last may arrive after it.
    child.once('close', () => fail(lastLine(seen) || 'it ended at once'));
    for (const stream of [child.stdout, child.stderr]) if (stream !== null) readLines(stream, onLine);
    if (typeof mark === 'function') void askUntil(mark, { isOver: () => settled, onReady: done });
  });
}

async function askUntil(
  ask: () => Promise<boolean>,
  { isOver, onReady }: { isOver: () => boolean; onReady: () => void },
): Promise<void> {
  while (!isOver()) {
    const ready = await ask().catch(() => false);
    if (ready && !isOver()) onReady();
    else await delay(askEveryMs);
  }
}

function readLines(stream: Readable, onLine: (line: string) => void): void {
  let rest = '';
  stream.setEncoding('utf8').on('data', (chunk: string) => {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop()!;
    for (const line of lines) onLine(line);
  });
  stream.on('end', () => {
    if (rest !== '') onLine(rest);
  });
}
