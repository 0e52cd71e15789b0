import { z } from 'zod';
import { enqueue, type JobTransaction, type QueueAddress } from '@idp/jobs';

/** Reads one source. */
export interface SyncRequest {
  sourceId: string;
}

export const syncQueue: QueueAddress<SyncRequest> = {
  name: 'sync-source',
  payload: z.strictObject({ sourceId: z.uuid() }),
};

/**
 * Has a source read after the commit. One run waits at most: ten requests cost two runs, and a request that comes while the source
 * is read has it read once more, since that run may have seen the old state.
 */
export async function requestSync(tx: JobTransaction, sourceId: string): Promise<void> {
  await enqueue(tx, syncQueue, { sourceId }, { dedupKey: sourceId });
}
