import { failpoints } from './failpoints.ts';
import type { Fault } from './fault.ts';
import { kills } from './kills.ts';
import { linkFaults } from './links.ts';
import { processFaults } from './processes.ts';
import { serverFaults } from './servers.ts';

/** Every fault, in the order of the report. */
export const faults: readonly Fault[] = [...kills, ...failpoints, ...serverFaults, ...processFaults, ...linkFaults];
