import type { Group } from '../case.ts';
import { paths } from './paths.ts';
import { routing } from './routing.ts';
import { versions } from './versions.ts';

/** Every case, in the groups of the specification. */
export const groups: readonly Group[] = [
  { name: 'routing', cases: routing },
  { name: 'paths', cases: paths },
  { name: 'versions and aliases', cases: versions },
];
