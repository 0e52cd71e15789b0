import { measure } from '../measure.ts';
import type { Row } from '../row.ts';
import { createSetting } from '../setting.ts';

/** The liveness probe of a running fleet beside a bare Fastify route: probes must cost next to nothing. */
export const healthz: Row = {
  name: 'healthz',
  suite: 'kernel',
  async run(options) {
    await using setting = await createSetting();
    const fleet = await setting.startFleet();
    const bare = await setting.startPeer('bare-fastify');
    const figures = await measure(
      [
        { name: 'bare Fastify', side: bare, target: { url: `${bare.ready['url']}/healthz` } },
        { name: 'management port of the fleet', side: fleet, target: { url: `${fleet.ready['management']}/healthz` } },
      ],
      options,
    );
    const [peer, ours] = figures;
    return {
      name: 'healthz',
      title: 'GET /healthz',
      figures,
      claims: [
        {
          text: 'requests per CPU second against bare Fastify',
          ratio: (peer?.cpuMicros ?? 0) / (ours?.cpuMicros ?? 1),
          limit: 0.85,
          bound: 'at-least',
        },
      ],
    };
  },
};
