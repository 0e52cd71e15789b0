import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';
import { ToolError } from './tool-error.ts';

const lowest = 15_000;
/** Linux takes the local ports of outgoing connections from here on. */
const ephemeral = 32_768;
const attemptsMax = 200;

/** Handed out by this process. Whoever asked may not listen yet, or may be down for a while. */
const taken = new Set<number>();

/**
 * A port of 127.0.0.1 that nobody listens on, below those of outgoing connections: a server that is stopped for a while finds
 * its own port free when it comes back. This process gets no port twice.
 */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const port = randomInt(lowest, ephemeral);
    if (taken.has(port)) continue;
    taken.add(port);
    if (await isFree(port)) return port;
  }
  throw new ToolError(`no free port between ${lowest} and ${ephemeral}`);
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', () => resolve(false));
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)));
  });
}
