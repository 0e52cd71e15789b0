import type { FastifyInstance } from 'fastify';
import type { ServiceParts } from './start-service.ts';

const httpShare = 0.6;
const jobsShare = 0.5;
const eventsShare = 0.7;

/**
 * Ends a service: not ready → requests in flight → jobs → consumers and relay → background → context → transport and pools → logs.
 * Each phase gets a share of what is left of `deadlineMs`, so that a stuck one cannot starve those after it.
 */
export async function stopService(parts: ServiceParts, deadlineMs: number): Promise<void> {
  const { definition, app, jobs, events, platform, replica, peers, transport, database, telemetry, context, state } =
    parts;
  const { logger, metrics } = telemetry;
  const until = performance.now() + deadlineMs;
  const left = (): number => Math.max(100, until - performance.now());
  const durations = metrics.gauge('shutdown_duration_seconds', 'How long each phase of the last stop took', ['phase']);

  async function phase(name: string, work: () => Promise<unknown>, limitMs: number): Promise<void> {
    const begin = performance.now();
    try {
      if (!(await within(work(), limitMs)))
        logger.warn({ phase: name, timeoutMs: Math.round(limitMs) }, 'phase of stop did not end in time');
    } catch (error) {
      logger.error({ err: error, phase: name }, 'phase of stop failed');
    }
    durations.set({ phase: name }, (performance.now() - begin) / 1000);
  }

  state.markDraining();
  await phase('http', () => closeHttp(app), left() * httpShare);
  app.server.closeAllConnections();
  const jobsMs = left() * jobsShare;
  await phase('jobs', () => jobs.stop(jobsMs), jobsMs + 500);
  const eventsMs = left() * eventsShare;
  await phase('events', () => events.stop(eventsMs), eventsMs + 100);
  await phase('background', () => platform.background.stop(left() / 2), left());
  await phase('context', async () => definition.dispose?.(context), left());
  await phase('replica', async () => replica?.[Symbol.asyncDispose](), left());
  await phase('peers', async () => peers[Symbol.asyncDispose](), left());
  await phase('transport', () => transport.close(), left());
  await phase('database', async () => database[Symbol.asyncDispose](), left());
  logger.info('stopped');
  await within(Promise.resolve(telemetry[Symbol.asyncDispose]()), 2000);
}

/** True when the work ended in time; its failure is the caller's to see. */
async function within(work: Promise<unknown>, limitMs: number): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(resolve, limitMs, false);
  });
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Takes no new connection, lets requests in flight finish, and then does not wait for clients that keep theirs open. */
async function closeHttp(app: FastifyInstance): Promise<void> {
  const closed = app.close();
  await app.idle();
  app.server.closeAllConnections();
  await closed;
}
