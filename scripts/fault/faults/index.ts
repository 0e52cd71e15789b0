import { accessFaults } from './access.ts';
import { clockFaults } from './clock.ts';
import { diskFaults } from './disks.ts';
import { failpoints } from './failpoints.ts';
import type { Fault } from './fault.ts';
import { keyFaults } from './keys.ts';
import { kills } from './kills.ts';
import { linkFaults } from './links.ts';
import { overload } from './overload.ts';
import { poisons } from './poison.ts';
import { processFaults } from './processes.ts';
import { replays } from './replays.ts';
import { twoReleases } from './releases.ts';
import { serverFaults } from './servers.ts';
import { soak } from './soak.ts';

/** Every fault, in the order of the report. `minutes`: of the soak; `previous`: commit of the release beside this one. */
export function allFaults({ minutes, previous }: { minutes: number; previous: string }): readonly Fault[] {
  return [...faults, soak(minutes), twoReleases(previous)];
}

/** Those that a campaign runs. */
export const faults: readonly Fault[] = [
  ...kills,
  ...failpoints,
  ...serverFaults,
  ...diskFaults,
  ...processFaults,
  ...clockFaults,
  ...poisons,
  ...replays,
  ...linkFaults,
  ...accessFaults,
  ...keyFaults,
  overload,
];
