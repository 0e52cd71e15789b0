import type { ConsumerTiming } from '../consumer/timing.ts';
import type { Failpoints } from '../failpoints.ts';
import type { PlatformDoor } from '../platform-door.ts';
import type { EventRuntimeOptions } from './runtime.ts';
import type { EventSettings } from './settings.ts';

/** What the parts of one runtime share. */
export interface RuntimeParts extends EventRuntimeOptions {
  settings: EventSettings;
  failpoints: Failpoints;
  timing: ConsumerTiming;
  random: () => number;
  now: () => number;
  door: PlatformDoor;
}
