/** Faults on TCP links, repeatable by their seed. An entry of its own: it is used outside of vitest too. */
export type { Direction, Fault } from './fault.ts';
export { openLink, type Link, type LinkOptions } from './link.ts';
export { seededRandom } from './random.ts';
