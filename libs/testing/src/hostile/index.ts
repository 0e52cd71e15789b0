export { hostileClasses, hostileItems, type HostileClass, type HostileItem } from './items.ts';
export { MissingError } from './missing.ts';
export type { OpenApiDocument, Operation } from './openapi/document.ts';
export { Pool } from './openapi/pool.ts';
export { freshName, type SampleRequest } from './openapi/sample.ts';
export type { ItemResult, Outcome } from './outcome.ts';
export { createHostileRun, type HostileRun } from './runner.ts';
export { committedSkips, skipDifferences, skipsOf, type SkipList } from './skips.ts';
export type { Arrangement, Fixture, PreparedOperation, Target } from './target.ts';
