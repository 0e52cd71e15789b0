export type Json = string | number | boolean | null | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

export interface EntityLink {
  url: string;
  title?: string;
  icon?: string;
  type?: string;
}

/** An entity as documents and readers exchange it; `relations` and `status` are added when it is read. */
export interface Entity {
  apiVersion: string;
  kind: string;
  metadata: {
    name: string;
    namespace?: string;
    uid?: string;
    etag?: string;
    title?: string;
    description?: string;
    labels?: Record<string, string>;
    annotations?: Record<string, string>;
    tags?: string[];
    links?: EntityLink[];
    [key: string]: Json | EntityLink[] | undefined;
  };
  spec?: JsonObject;
}

export const defaultNamespace = 'default';

export const annotations = {
  managedByLocation: 'backstage.io/managed-by-location',
  managedByOriginLocation: 'backstage.io/managed-by-origin-location',
  sourceLocation: 'backstage.io/source-location',
  viewUrl: 'backstage.io/view-url',
  editUrl: 'backstage.io/edit-url',
  orphan: 'backstage.io/orphan',
  teamId: 'idp/team-id',
} as const;

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
