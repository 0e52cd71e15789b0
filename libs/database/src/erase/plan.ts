/** A table that holds rows of tenants. */
export interface ErasableTable {
  name: string;
  /** The app role may delete from it; where it may not, the relay role may. */
  app: boolean;
  /** Tables of the plan it refers to, itself among them where it does. */
  references: string[];
}

/** What the catalogue says of the tables of the current schema, as the connected role. */
export const erasableSql = `select c.relname as name, has_table_privilege(c.oid, 'DELETE') as app,
  array(select distinct r.relname::text from pg_constraint k join pg_class r on r.oid = k.confrelid
    where k.conrelid = c.oid and k.contype = 'f' and r.relnamespace = c.relnamespace) as references
from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'tenant_id' and not a.attisdropped
where c.relnamespace = current_schema()::regnamespace and c.relkind in ('r', 'p') and not c.relispartition
order by c.relname`;

/** The tables so that each comes before those it refers to. Throws for a ring of foreign keys. */
export function erasingOrder(tables: readonly ErasableTable[]): ErasableTable[] {
  const ordered: ErasableTable[] = [];
  let left = [...tables];
  while (left.length > 0) {
    const free = left.filter(
      ({ name }) => !left.some((other) => other.name !== name && other.references.includes(name)),
    );
    if (free.length === 0) {
      throw new Error(`foreign keys of ${left.map(({ name }) => name).join(', ')} form a ring`);
    }
    ordered.push(...free);
    left = left.filter((table) => !free.includes(table));
  }
  return ordered;
}
