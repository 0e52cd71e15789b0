import { argon2, randomBytes, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import type { Metrics } from '@idp/telemetry';
import { createHashGate } from './hash-gate.ts';
import { formatPhc, parsePhc, type Argon2Hash, type Argon2Parameters } from './phc.ts';

export interface PasswordHasher {
  /** Runs an operation that hashes when its turn comes; 503 `HASH_BUSY` at once, with nothing begun, when too many wait. */
  admit<T>(operation: () => Promise<T>): Promise<T>;
  /** A new PHC string. Call it inside `admit`. */
  hash(password: string): Promise<string>;
  /**
   * Whether `password` belongs to `phc`; without a hash one of equal cost is computed and the answer is false, so that
   * an account that does not exist takes as long as a wrong password. Call it inside `admit`. `outdated`: made with other parameters than now.
   */
  verify(password: string, phc: string | undefined): Promise<{ matches: boolean; outdated: boolean }>;
}

const derive = promisify(argon2);
const saltBytes = 16;
const hashBytes = 32;

/** argon2id (RFC 9106) by `node:crypto`, behind the hash gate. The password enters as its exact UTF-8 bytes. */
export function createPasswordHasher(options: {
  parameters: Argon2Parameters;
  concurrency: number;
  queue: number;
  metrics: Metrics;
}): PasswordHasher {
  const { parameters, concurrency, queue, metrics } = options;
  const gate = createHashGate({ concurrency, queue });
  const seconds = metrics.histogram('auth_hash_seconds', 'Time of one password hash, waiting excluded');
  metrics.gauge('auth_hash_queue', 'Operations that hash, waiting for their turn', [], function collect() {
    this.set(gate.waiting());
  });
  const nobody: Argon2Hash = { ...parameters, salt: randomBytes(saltBytes), hash: randomBytes(hashBytes) };

  async function compute(
    password: string,
    { memoryKib, passes, lanes, salt }: Omit<Argon2Hash, 'hash'>,
    length: number,
  ) {
    const stop = seconds.startTimer();
    try {
      return await derive('argon2id', {
        message: Buffer.from(password, 'utf8'),
        nonce: salt,
        parallelism: lanes,
        tagLength: length,
        memory: memoryKib,
        passes,
      });
    } finally {
      stop();
    }
  }

  return {
    admit: gate.run,
    async hash(password) {
      const salt = randomBytes(saltBytes);
      const hash = await compute(password, { ...parameters, salt }, hashBytes);
      return formatPhc({ ...parameters, salt, hash });
    },
    async verify(password, phc) {
      const stored = phc === undefined ? undefined : parsePhc(phc);
      const { hash, ...rest } = stored ?? nobody;
      const equal = timingSafeEqual(await compute(password, rest, hash.length), hash);
      const { memoryKib, passes, lanes } = parameters;
      const outdated = rest.memoryKib !== memoryKib || rest.passes !== passes || rest.lanes !== lanes;
      return { matches: stored !== undefined && equal, outdated };
    },
  };
}
