import { auth, type AuthContext } from '@idp/auth-service';
import { createWakeSignal } from '@idp/events';
import { localFileKeyProvider } from '@idp/secrets';
import { startService } from '@idp/service';

/** What auth starts with; its processes share all of it. */
export interface AuthSettings {
  databaseUrls: { app: string; relay: string };
  publicUrl: string;
  secretsFile: string;
  cursorSecret: string;
}

/** Runs operations of auth in this process, for as long as `fn` takes. */
export async function withAuth<T>(
  settings: AuthSettings & { env?: Readonly<Record<string, string>> },
  fn: (context: AuthContext) => Promise<T>,
): Promise<T> {
  const running = await startService(auth, {
    mode: 'process',
    environment: 'test',
    env: { ...settings.env },
    publicUrl: settings.publicUrl,
    logLevel: 'silent',
    databaseUrls: settings.databaseUrls,
    transportWake: createWakeSignal(),
    secretsKeyProvider: await localFileKeyProvider({ file: settings.secretsFile }),
    cursorSecret: Buffer.from(settings.cursorSecret),
  });
  try {
    return await fn(running.context as AuthContext);
  } finally {
    await running.stop({ deadlineMs: 5_000 });
  }
}
