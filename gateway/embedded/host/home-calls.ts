import { UnavailableError } from '@idp/errors';
import type { RunningService } from '@idp/service';
import type { CallSection } from '../../edge/home/home-handler.ts';

/** Asks services of this process, without sockets between them. */
export function embeddedHomeCalls(services: () => readonly RunningService[] | undefined): CallSection {
  return async ({ service, target }, { headers, clientIp }) => {
    const running = services()?.find(({ name }) => name === service);
    if (running === undefined) throw new UnavailableError('the service is not running');
    const answer = await running.app.inject({ method: 'GET', url: target, headers, remoteAddress: clientIp });
    return { status: answer.statusCode, body: parsed(answer.payload) };
  };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
