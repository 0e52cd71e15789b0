import type { PlatformDoor as Door } from '@idp/database';

/** The platform door of `@idp/database`. Statements on it are raw SQL: no table types. */
export type PlatformDoor = Door<never>;
