/** One server for a whole test run. */
export interface Backend {
  /** What its clients are configured with: `host:port,…` of Kafka, the URL of Redis. */
  address: string;
  /** Where it came from, for the console: `KAFKA_BROKERS`, `Docker (redis:7-alpine)`, `Maven Central (4.3.1)`. */
  source: string;
  stop(): Promise<void>;
}

/** No server of this kind could be had; `reasons` has one line for each way that was tried. */
export class BackendMissingError extends Error {
  override readonly name = 'BackendMissingError';
  readonly reasons: readonly string[];

  constructor(reasons: readonly string[]) {
    super(reasons.join('; '));
    this.reasons = reasons;
  }
}

/** The first of these ways to a server that works. Throws BackendMissingError with the reason of each. */
export async function firstBackend<T>(
  ways: readonly ((env: NodeJS.ProcessEnv) => Promise<T>)[],
  env: NodeJS.ProcessEnv,
): Promise<T> {
  const reasons: string[] = [];
  for (const start of ways) {
    try {
      return await start(env);
    } catch (error) {
      reasons.push(error instanceof Error ? error.message : String(error));
    }
  }
  throw new BackendMissingError(reasons);
}

/** True when `REQUIRE_BACKENDS` names this server: then its absence is a failure and no reason to skip. */
export function isRequired(backend: string, env: NodeJS.ProcessEnv): boolean {
  return (env.REQUIRE_BACKENDS ?? '').split(',').some((name) => name.trim() === backend);
}
