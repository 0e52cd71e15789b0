import { once } from 'node:events';
import { Worker } from 'node:worker_threads';

/**
 * The browser bundle of Scalar. Its package keeps the 4.3 MB as a text inside a module, beside a parser we do not need: a
 * worker imports it and takes the memory with it when it ends.
 */
export async function readScalarBundle(): Promise<Buffer> {
  const worker = new Worker(new URL('scalar-bundle-worker.ts', import.meta.url));
  try {
    const [bundle] = (await once(worker, 'message')) as [Uint8Array];
    return Buffer.from(bundle.buffer, bundle.byteOffset, bundle.byteLength);
  } finally {
    await worker.terminate();
  }
}
