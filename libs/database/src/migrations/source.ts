/** Migrations of one owner of tables: a lib or the service itself. */
export interface MigrationSource {
  component: string;
  /** Folder of `NNNN_name.sql`, with a trailing slash. */
  directory: URL;
}
