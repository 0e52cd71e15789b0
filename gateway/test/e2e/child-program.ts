import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** A program of ours as a child process. */
export interface ChildProgram {
  child: ChildProcess;
  stdout(): string;
  stderr(): string;
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Resolves when this has come about; rejects with what the program printed when it ends before. */
  until(what: string, reached: () => Promise<boolean> | boolean): Promise<void>;
}

const variables = ['PATH', 'HOME', 'TMPDIR', 'LANG', 'NODE_COMPILE_CACHE', 'ENVOY_BINARY', 'XDG_CACHE_HOME'];

/** Runs a file by Node with these variables, and no other of ours. */
export function startProgram(main: string, args: readonly string[], env: Record<string, string>): ChildProgram {
  const inherited = Object.fromEntries(
    variables.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
  );
  const own = {
    IDP_DEMO: 'false',
    LOG_LEVEL: 'warn',
    // All tests of a file are one client; what limits do is tested where nothing else is.
    RATE_LIMITS: 'off',
    ...env,
  };
  const child = spawn(process.execPath, ['--disable-proto=throw', main, ...args], {
    env: { ...inherited, ...own },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }) as Awaited<ChildProgram['exited']>);
  let ended = false;
  void exited.then(() => (ended = true));
  return {
    child,
    stdout: () => stdout,
    stderr: () => stderr,
    exited,
    async until(what, reached) {
      while (!(await reached())) {
        if (ended) throw new Error(`it ended before it was ${what}: ${stderr}${stdout}`);
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    },
  };
}
