import type { CredentialVerifier } from '@idp/auth';
import type { Logger } from '@idp/telemetry';

const everyMs = 30_000;

/** Keys are verified by the gateway, so their uses are counted here. Returns what tells the last of them. */
export function reportKeyUses(verifier: CredentialVerifier, logger: Logger): () => Promise<void> {
  const report = (): Promise<void> =>
    verifier.reportUses().catch((error: unknown) => logger.warn({ err: error }, 'uses of API keys were not told'));
  const timer = setInterval(() => void report(), everyMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await report();
  };
}
