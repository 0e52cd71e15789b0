import { csv, durationSeconds, flag } from '@idp/config';
import { z } from 'zod';

export const catalogConfig = z.object({
  /** Directories whose descriptor files are read, for one tenant. */
  CATALOG_DIRECTORIES: csv().default([]),
  /** Slug of that tenant; default the first one. */
  CATALOG_DIRECTORIES_TENANT: z.string().min(1).optional(),
  /** Time between two full scans of a directory; file events come in between. */
  CATALOG_DIRECTORY_SCAN_SECONDS: durationSeconds({ min: 1, max: 86_400 }).default(60),
  /** How long an entity stays when its last descriptor is gone, so that a move has no gap. */
  CATALOG_ORPHAN_GRACE_SECONDS: durationSeconds({ min: 0, max: 604_800 }).default(120),
  /** Time between two conditional reads of a registered URL. */
  CATALOG_URL_POLL_SECONDS: durationSeconds({ min: 60, max: 604_800 }).default(3600),
  /** Types of locations that may be registered. */
  CATALOG_LOCATION_TYPES: csv().default(['url']),
  /** Hosts that $text, $json and $yaml may name beside the host the document came from. */
  CATALOG_INCLUDE_HOSTS: csv().default([]),
  /** No location can be registered, changed or removed by API. */
  CATALOG_READONLY: flag().default(false),
});

export type CatalogConfig = z.output<typeof catalogConfig>;
