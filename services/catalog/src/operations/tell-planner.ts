import type { Door } from '@idp/database';
import { TimeoutError, UnavailableError } from '@idp/errors';
import type { BackgroundRunner } from '@idp/service';
import type { Logger } from '@idp/telemetry';
import type { CatalogContext } from '../context.ts';
import { refreshStatistics } from '../store/source-state.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- see CatalogTx
type WriteDoor = Pick<Door<any>, 'write'>;

/** Without it statements over rows that came a moment ago join by guesswork. Whoever else gathers statistics now does it for us. */
export async function tellPlanner(door: WriteDoor, logger: Pick<Logger, 'warn'>): Promise<void> {
  try {
    await door.write(refreshStatistics, { unaudited: 'changes no row' });
  } catch (err) {
    if (!(err instanceof UnavailableError) && !(err instanceof TimeoutError)) throw err;
    logger.warn({ err }, 'statistics not refreshed');
  }
}

/** Counts what is written one by one, where no run has an end at which to tell the planner. */
export interface WrittenEntities {
  /** One entity of the tenant was committed. Never waits. */
  add(tenantId: string): void;
}

/** Written entities after which the tables have grown so much that the planner has to know. */
const refreshAfter = { entities: 200, share: 0.2 };

export function createWrittenEntities(
  deps: Pick<CatalogContext, 'database' | 'logger'> & { background: Pick<BackgroundRunner, 'run'> },
): WrittenEntities {
  let told = 0;
  let written = 0;
  let telling = false;
  return {
    add(tenantId) {
      written++;
      if (telling || written < Math.max(refreshAfter.entities, told * refreshAfter.share)) return;
      telling = true;
      told += written;
      written = 0;
      deps.background.run('tell-planner', async () => {
        await tellPlanner(deps.database.tenant(tenantId), deps.logger).finally(() => (telling = false));
      });
    },
  };
}
