import { existsSync } from 'node:fs';
import type * as Testcontainers from 'testcontainers';

/** The library that starts containers. Throws when no engine may be here. */
export async function containers(env: NodeJS.ProcessEnv): Promise<typeof Testcontainers> {
  if (env.DOCKER_HOST === undefined && !existsSync('/var/run/docker.sock'))
    throw new Error('Docker: no engine on this machine');
  // Costs 0.7 s and 100 MB, so only where an engine may be.
  return import('testcontainers');
}

/** An engine's error under the name of the way that failed. */
export function engineFailed(cause: Error): never {
  throw new Error(`Docker: ${cause.message}`, { cause });
}
