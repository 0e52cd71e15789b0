import { restartUnderWrites } from '../../../libs/database/test/restarts.ts';
import type { Row } from '../row.ts';

/** Data §8 item 23: the server is stopped at once (`-m immediate`) while about 200 writes a second come in. */
export const restarts: Row = {
  name: 'restarts',
  suite: 'data',
  async run({ rounds }) {
    const times = rounds > 3 ? 20 : 5;
    const { acknowledged, unknown, refused, lost, halves, readyMs } = await restartUnderWrites({
      restarts: times,
      writes: 200,
    });
    const longest = Math.max(...readyMs);
    return {
      name: 'restarts',
      title: `PostgreSQL stopped at once and started again, ${times} times`,
      figures: [],
      claims: [
        {
          text: 'confirmed writes that were lost or half there',
          ratio: lost.length + halves,
          limit: 0,
          bound: 'at-most',
        },
        { text: 'longest time to the next write, as part of 5 s', ratio: longest / 5_000, limit: 1, bound: 'at-most' },
      ],
      notes: [
        `${acknowledged} writes confirmed, ${refused} refused, ${unknown} of unknown fate; ready again within ${Math.round(longest)} ms`,
      ],
    };
  },
};
