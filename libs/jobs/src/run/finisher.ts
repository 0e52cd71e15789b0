import type { PlatformDoor } from '@idp/database';
import { deleteDone, type RunKey } from '../store/end-run.ts';
import { onPlatform } from '../store/statement.ts';

interface Waiting {
  key: RunKey;
  resolve(gone: boolean): void;
  reject(error: unknown): void;
}

const togetherMax = 500;

/** Takes finished runs off the table. True: gone. False: the run has to be ended by itself. */
export type Finisher = (key: RunKey) => Promise<boolean>;

/** Runs that end while one statement is under way leave with the next one together. */
export function createFinisher(door: PlatformDoor): Finisher {
  let waiting: Waiting[] = [];
  let sending = false;

  async function send(): Promise<void> {
    sending = true;
    while (waiting.length > 0) {
      const now = waiting.splice(0, togetherMax);
      try {
        const gone = await door.transaction((tx) =>
          deleteDone(
            onPlatform(tx.db),
            now.map(({ key }) => key),
          ),
        );
        for (const { key, resolve } of now) resolve(gone.has(key.id));
      } catch (error) {
        for (const { reject } of now) reject(error);
      }
    }
    sending = false;
  }

  return (key) => {
    const { promise, resolve, reject } = Promise.withResolvers<boolean>();
    waiting.push({ key, resolve, reject });
    if (!sending) void send();
    return promise;
  };
}
