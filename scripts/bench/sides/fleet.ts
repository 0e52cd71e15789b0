// The embedded fleet: gateway, services and bus in one process, as `npm start` runs them.
import { loadConfig } from '@idp/config';
import { hostConfig } from '../../../gateway/embedded/host/config.ts';
import { startHost } from '../../../gateway/embedded/host/start-host.ts';
import { announce } from '../side.ts';

const host = await startHost(loadConfig(hostConfig).values, process.env);
announce({
  url: `http://127.0.0.1:${host.port}`,
  management: `http://127.0.0.1:${host.managementPort}`,
  publicUrl: host.publicUrl,
});
process.on('SIGTERM', () => void host.stop().then(() => process.exit(0)));
