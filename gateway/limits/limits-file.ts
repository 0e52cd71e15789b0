import { readFile } from 'node:fs/promises';
import type { Telemetry } from '@idp/telemetry';
import { rateSettings, type RateSettings } from './rate-settings.ts';

/** The limits that count now, and those of the file as soon as it changes. */
export interface FollowedSettings extends Disposable {
  current(): RateSettings;
}

/** A rename, a symbolic link that is turned and a write in place are all seen by reading; the file is small. */
const lookEveryMs = 1_000;

/**
 * Settings of the table with the changes of `file` (YAML or JSON), followed from then on: a changed file counts within a second. One that
 * cannot be used leaves the settings as they are, with one line in the log and one more in `config_reload_failures_total`; at the start
 * it is thrown. Without a file the table counts.
 */
export async function followLimitsFile(options: {
  file: string | undefined;
  telemetry: Pick<Telemetry, 'logger' | 'metrics'>;
  everyMs?: number;
}): Promise<FollowedSettings> {
  const { file, telemetry, everyMs = lookEveryMs } = options;
  const failures = telemetry.metrics.counter(
    'config_reload_failures_total',
    'Files of settings that could not be used',
  );
  if (file === undefined) {
    const table = rateSettings();
    return { current: () => table, [Symbol.dispose]: () => undefined };
  }
  let seen = await contentOf(file);
  let settings = await read(file, seen);

  async function look(path: string): Promise<void> {
    const content = await contentOf(path);
    if (content === seen) return;
    // Told once, however long it stays.
    seen = content;
    try {
      settings = await read(path, content);
      telemetry.logger.info({ file: path }, 'rate limits were read again');
    } catch (error) {
      failures.inc();
      telemetry.logger.error({ err: error, file: path }, 'the file of rate limits cannot be used; the limits stay');
    }
  }

  // One after the other: what was read first must not count last.
  let looking: Promise<void> | undefined;
  const timer = setInterval(() => {
    looking ??= look(file).finally(() => (looking = undefined));
  }, everyMs);
  timer.unref();
  return { current: () => settings, [Symbol.dispose]: () => clearInterval(timer) };
}

/** Undefined where it cannot be read. */
function contentOf(file: string): Promise<string | undefined> {
  return readFile(file, 'utf8').catch(() => undefined);
}

async function read(file: string, content: string | undefined): Promise<RateSettings> {
  if (content === undefined) throw new Error(`RATE_LIMITS_FILE: ${file} cannot be read`);
  const { parse } = await import('yaml');
  try {
    return rateSettings(parse(content) ?? {});
  } catch (error) {
    throw new Error(`RATE_LIMITS_FILE: ${file}: ${(error as Error).message}`, { cause: error });
  }
}
