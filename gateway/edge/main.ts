import { loadConfig } from '@idp/config';
import { failStart, superviseProcess } from '@idp/service';
import { flushTraces } from '@idp/telemetry';
import { routes } from '../routes.ts';
import { edgeConfig } from './host/config.ts';
import { startEdge } from './host/start-edge.ts';

const traceFlushMs = 2_000;

try {
  const { values } = loadConfig(edgeConfig);
  const edge = await startEdge(values, routes);
  superviseProcess({
    logger: edge.telemetry.logger,
    timeoutMs: values.SHUTDOWN_TIMEOUT_MS,
    async stop(deadlineMs) {
      await edge.stop(deadlineMs);
      await flushTraces(traceFlushMs);
    },
  });
} catch (error) {
  failStart('edge', error);
}
