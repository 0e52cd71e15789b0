import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../embedded/main.ts', import.meta.url));

/** `npm start` as a child process, without the bootstrap. */
export interface HostProcess {
  child: ChildProcess;
  url: string;
  managementUrl: string;
  stdout(): string;
  stderr(): string;
  /** Resolves when the platform says it is healthy; rejects when the process ends before. */
  healthy(): Promise<void>;
  /** Resolves when the start table is on the console. */
  table(): Promise<string>;
  exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

const variables = ['PATH', 'HOME', 'TMPDIR', 'LANG'];

/** Starts the host with these variables and no other of ours; ports are free ones unless given. */
export async function startHostProcess(env: Record<string, string>): Promise<HostProcess> {
  const [port, managementPort] = [await freePort(), await freePort()];
  const inherited = Object.fromEntries(
    variables.flatMap((name) => (process.env[name] ? [[name, process.env[name]]] : [])),
  );
  const own = {
    PORT: String(port),
    MANAGEMENT_PORT: String(managementPort),
    IDP_DEMO: 'false',
    LOG_LEVEL: 'warn',
    // All tests of a file are one client; what limits do is tested where nothing else is.
    RATE_LIMITS: 'off',
    ...env,
  };
  const child = spawn(process.execPath, ['--disable-proto=throw', main], {
    env: { ...inherited, ...own },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString('utf8')));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString('utf8')));
  const exited = once(child, 'exit').then(([code, signal]) => ({ code, signal }) as Awaited<HostProcess['exited']>);
  let ended = false;
  void exited.then(() => (ended = true));
  const url = `http://127.0.0.1:${own.PORT}`;

  async function until(what: string, reached: () => Promise<boolean> | boolean): Promise<void> {
    while (!(await reached())) {
      if (ended) throw new Error(`the host ended before it was ${what}: ${stderr}${stdout}`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  return {
    child,
    url,
    managementUrl: `http://127.0.0.1:${own.MANAGEMENT_PORT}`,
    stdout: () => stdout,
    stderr: () => stderr,
    exited,
    healthy: () => until('healthy', () => isHealthy(url)),
    async table() {
      await until('presented', () => /^ {2}Catalog .*\n/m.test(stdout));
      return stdout;
    },
  };
}

async function isHealthy(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/api/v1/health`);
    return ((await response.json()) as { data: { status: string } }).data.status === 'ok';
  } catch {
    return false;
  }
}

export async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1');
  await once(probe, 'listening');
  const { port } = probe.address() as AddressInfo;
  probe.close();
  await once(probe, 'close');
  return port;
}
