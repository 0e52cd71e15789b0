import type { PlatformDoor as Door } from '@idp/database';

/** A platform or bus door of `@idp/database`. Statements on it are raw SQL: no table types. */
export type PlatformDoor = Door<never>;
