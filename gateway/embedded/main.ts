import { ConfigError, loadConfig } from '@idp/config';
import { catalogDirectories, hostConfig } from './host/config.ts';
import { startHost, type Host } from './host/start-host.ts';
import { superviseHost } from './host/supervise.ts';

const startedAt = new Date();
const ingestionWaitMs = 20_000;
const stopMaxMs = 4_900;

try {
  const { values } = loadConfig(hostConfig);
  const supervisor = superviseHost({ stopMaxMs });
  const host = await startHost(values, process.env);
  const seconds = process.uptime();
  supervisor.watch(host);
  await showStart(host, seconds, supervisor.stopping);
} catch (error) {
  // One line to act on: which setting or part, and why. Its stack helps nobody who did not write it.
  const { message } = error as Error;
  process.stderr.write(`idp: ${message.replaceAll(/\s*\n\s*/g, ' ')}\n`);
  if (!(error instanceof ConfigError) && process.env['LOG_LEVEL'] === 'debug')
    process.stderr.write(`${(error as Error).stack}\n`);
  process.exit(1);
}

async function showStart(host: Host, seconds: number, signal: AbortSignal): Promise<void> {
  const { values } = loadConfig(hostConfig);
  const [{ awaitIngestion }, { formatStartTable }] = await Promise.all([
    import('./console/ingestion.ts'),
    import('./console/start-table.ts'),
  ]);
  const directories = catalogDirectories(values);
  const service = host.services.find(({ name }) => name === 'catalog')!;
  const context = service.context as Parameters<typeof awaitIngestion>[0];
  const catalog = await awaitIngestion(context, { directories, since: startedAt, waitMs: ingestionWaitMs, signal });
  if (signal.aborted) return;
  const table = formatStartTable({
    url: host.publicUrl,
    managementUrl: `http://localhost:${host.managementPort}`,
    exposeDocs: values.EXPOSE_DOCS,
    database: host.database.description,
    email: values.IDP_ADMIN_EMAIL,
    password: host.password.shown,
    directories,
    catalog,
    seconds,
  });
  process.stdout.write(table);
}
