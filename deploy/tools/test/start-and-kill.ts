import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Starts a server in a process of its own and kills that process hard; resolves when it is gone. */
export async function startAndKill(directory: string, server: 'postgres' | 'kafka' | 'redis'): Promise<void> {
  const host = fileURLToPath(new URL('abandoned-host.ts', import.meta.url));
  const child = spawn(process.execPath, [host, directory, server], { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  child.kill('SIGKILL');
  await once(child, 'exit');
}
