import { spawn } from 'node:child_process';
import { rmSync } from 'node:fs';
import { isRunning, markOf, readMark, writeMark } from './process-mark.ts';
import { waitForExit } from './process.ts';
import { untilReady } from './readiness.ts';
import { ToolError } from './tool-error.ts';

/** A server program on its data, which tests stop, kill and freeze. */
export interface ServerProcess {
  /** Undefined while it is down. */
  readonly pid: number | undefined;
  /** Runs it on the data it had and resolves when it accepts clients. Nothing happens when it runs. */
  start(): Promise<void>;
  /** Orderly, also when frozen; killed when that takes too long. */
  stop(): Promise<void>;
  /** SIGKILL; resolves when the process is gone. */
  kill(): Promise<void>;
  /** SIGSTOP: connections stay open and nothing answers. */
  freeze(): void;
  /** SIGCONT. */
  resume(): void;
}

export interface ServerProgram {
  /** What the server is called in errors. */
  name: string;
  /** Where the pid is kept, so that a later run can find a server whose starter was killed. */
  markFile: string;
  /** Working directory. */
  directory: string;
  /** Part of the line that says the server accepts clients, or what asks it. */
  ready: string | (() => Promise<boolean>);
  readyTimeoutMs: number;
  stopTimeoutMs: number;
  command(): { program: string; args: readonly string[]; env?: NodeJS.ProcessEnv };
  /** Called when it has ended by itself, not by `stop` or `kill`; not while it starts. */
  onEnded?: (how: string) => void;
  /** Called when an orderly stop is over. */
  onStopped?: () => void;
  onLog?: ((line: string) => void) | undefined;
}

export function createServerProcess(server: ServerProgram): ServerProcess {
  let pid: number | undefined;
  let stopping: Promise<void> | undefined;
  /** The process that has been told to end. */
  let ending: number | undefined;

  async function start(): Promise<void> {
    if (pid !== undefined) return;
    await stopMarked(server.markFile);
    const { program, args, env } = server.command();
    // A group of its own: the terminal's Ctrl-C must not stop the server before its clients are done.
    const child = spawn(program, args, {
      detached: true,
      cwd: server.directory,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(env === undefined ? {} : { env }),
    });
    if (child.pid !== undefined) markProcess(server.markFile, child.pid);
    let ready = false;
    child.once('exit', (code, signal) => {
      if (pid !== child.pid) return;
      pid = undefined;
      if (ready && ending !== child.pid) server.onEnded?.(signal ?? `code ${code}`);
    });
    pid = child.pid;
    await untilReady(child, {
      name: server.name,
      mark: server.ready,
      timeoutMs: server.readyTimeoutMs,
      signal: 'SIGKILL',
      onLog: server.onLog,
    });
    ready = true;
  }

  async function end(signals: readonly NodeJS.Signals[]): Promise<boolean> {
    const told = pid;
    if (told === undefined) return false;
    ending = told;
    if (!(await signalUntilGone(told, signals, server.stopTimeoutMs)))
      throw new ToolError(`${server.name} (process ${told}) could not be stopped`);
    pid = undefined;
    rmSync(server.markFile, { force: true });
    return true;
  }

  async function stop(): Promise<void> {
    if (await end(['SIGCONT', 'SIGTERM', 'SIGKILL'])) server.onStopped?.();
  }

  const signal = (name: NodeJS.Signals) => {
    if (pid === undefined) throw new ToolError(`${server.name} does not run`);
    process.kill(pid, name);
  };

  return {
    get pid() {
      return pid;
    },
    start,
    stop: () => (stopping ??= stop().finally(() => (stopping = undefined))),
    kill: async () => void (await end(['SIGKILL'])),
    freeze: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
  };
}

/** Notes a process of ours in a file, by which `stopMarked` of a later run finds it. */
export function markProcess(markFile: string, pid: number): void {
  writeMark(markFile, markOf(pid));
}

/** Kills the process a former run left behind, found by its mark. */
export async function stopMarked(markFile: string): Promise<void> {
  const mark = readMark(markFile);
  if (!isRunning(mark)) return;
  if (!(await signalUntilGone(mark.pid, ['SIGKILL'], 5_000)))
    throw new ToolError(`process ${mark.pid} of ${markFile} could not be stopped`);
}

/** Sends one signal after the other until the process is gone; SIGCONT is not waited for. */
async function signalUntilGone(pid: number, signals: readonly NodeJS.Signals[], timeoutMs: number): Promise<boolean> {
  for (const signal of signals) {
    try {
      process.kill(pid, signal);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ESRCH') return true;
      throw error;
    }
    if (signal !== 'SIGCONT' && (await waitForExit(pid, timeoutMs))) return true;
  }
  return false;
}
