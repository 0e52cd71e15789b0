import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { fileURLToPath } from 'node:url';
import { startProgram, type ChildProgram } from './child-program.ts';

const main = fileURLToPath(new URL('../../embedded/main.ts', import.meta.url));

/** `npm start` as a child process, without the bootstrap. */
export interface HostProcess extends Omit<ChildProgram, 'until'> {
  url: string;
  managementUrl: string;
  /** Resolves when the platform says it is healthy; rejects when the process ends before. */
  healthy(): Promise<void>;
  /** Resolves when the start table is on the console. */
  table(): Promise<string>;
}

/** Starts the host with these variables and no other of ours; ports are free ones unless given. */
export async function startHostProcess(env: Record<string, string>): Promise<HostProcess> {
  const [port, managementPort] = [await freePort(), await freePort()];
  const own = { PORT: String(port), MANAGEMENT_PORT: String(managementPort), ...env };
  const { until, ...program } = startProgram(main, [], own);
  const url = `http://127.0.0.1:${own.PORT}`;
  return {
    ...program,
    url,
    managementUrl: `http://127.0.0.1:${own.MANAGEMENT_PORT}`,
    healthy: () => until('healthy', () => isHealthy(url)),
    async table() {
      await until('presented', () => /^ {2}Catalog .*\n/m.test(program.stdout()));
      return program.stdout();
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
