import { at, list, names, shape, type Node, type Statement } from './parse.ts';

/** Where something stands, for the finding. */
export interface Place {
  component: string;
  file: string;
  line: number;
}

export interface Key {
  kind: 'primary key' | 'unique constraint' | 'unique index' | 'foreign key';
  columns: string[];
  /** Referenced table of a foreign key. */
  references?: string;
  place: Place;
}

/** What the migrations of one schema say about one table. */
export interface TableFacts {
  name: string;
  place: Place;
  partition: boolean;
  class?: string;
  enabled: boolean;
  forced: boolean;
  policies: { roles: string[]; using: string; check: string; place: Place }[];
  grants: { roles: string[]; privileges: string[]; place: Place }[];
  keys: Key[];
}

/** Reads one statement into the facts. */
export function readStatement(tables: Map<string, TableFacts>, { kind, node }: Statement, place: Place): void {
  if (kind === 'CreateStmt') createTable(tables, node, place);
  if (kind === 'CommentStmt') comment(tables, node);
  if (kind === 'AlterTableStmt') alterTable(tables, node, place);
  if (kind === 'CreatePolicyStmt') createPolicy(tables, node, place);
  if (kind === 'GrantStmt') grant(tables, node, place);
  if (kind === 'IndexStmt' && at(node, 'unique') === true) {
    const columns = list(at(node, 'indexParams')).map((param) =>
      String(at(param, 'IndexElem', 'name') ?? '(expression)'),
    );
    tableOf(tables, node)?.keys.push({ kind: 'unique index', columns, place });
  }
  if (kind === 'DropStmt' && at(node, 'removeType') === 'OBJECT_TABLE') {
    for (const object of list(at(node, 'objects'))) tables.delete(names(at(object, 'List', 'items')).at(-1) ?? '');
  }
}

function tableOf(tables: Map<string, TableFacts>, node: Node, member = 'relation'): TableFacts | undefined {
  return tables.get(String(at(node, member, 'relname')));
}

function createTable(tables: Map<string, TableFacts>, node: Node, place: Place): void {
  const name = String(at(node, 'relation', 'relname'));
  if (at(node, 'relation', 'relpersistence') === 't') return;
  const partition = at(node, 'partbound') !== undefined;
  const table: TableFacts = {
    name,
    place,
    partition,
    enabled: false,
    forced: false,
    policies: [],
    grants: [],
    keys: [],
  };
  tables.set(name, table);
  for (const element of list(at(node, 'tableElts'))) {
    readConstraint(table, at(element, 'Constraint'), undefined, place);
    readColumn(table, at(element, 'ColumnDef'), place);
  }
}

function readColumn(table: TableFacts, column: unknown, place: Place): void {
  for (const constraint of list(at(column, 'constraints'))) {
    readConstraint(table, at(constraint, 'Constraint'), String(at(column, 'colname')), place);
  }
}

const keyKinds: Readonly<Record<string, Key['kind']>> = {
  CONSTR_PRIMARY: 'primary key',
  CONSTR_UNIQUE: 'unique constraint',
  CONSTR_FOREIGN: 'foreign key',
};

function readConstraint(table: TableFacts, constraint: unknown, column: string | undefined, place: Place): void {
  const kind = keyKinds[String(at(constraint, 'contype'))];
  // A constraint that takes over an index was judged with the index.
  if (kind === undefined || at(constraint, 'indexname') !== undefined) return;
  const listed = names(at(constraint, kind === 'foreign key' ? 'fk_attrs' : 'keys'));
  const references = at(constraint, 'pktable', 'relname');
  const columns = listed.length > 0 ? listed : column === undefined ? [] : [column];
  table.keys.push({ kind, columns, place, ...(references === undefined ? {} : { references: String(references) }) });
}

function comment(tables: Map<string, TableFacts>, node: Node): void {
  if (at(node, 'objtype') !== 'OBJECT_TABLE') return;
  const table = tables.get(names(at(node, 'object', 'List', 'items')).at(-1) ?? '');
  const text = at(node, 'comment');
  if (table !== undefined && typeof text === 'string') table.class = text;
}

function alterTable(tables: Map<string, TableFacts>, node: Node, place: Place): void {
  const table = tableOf(tables, node);
  if (table === undefined) return;
  for (const command of list(at(node, 'cmds'))) {
    const subtype = at(command, 'AlterTableCmd', 'subtype');
    const definition = at(command, 'AlterTableCmd', 'def');
    if (subtype === 'AT_EnableRowSecurity') table.enabled = true;
    if (subtype === 'AT_ForceRowSecurity') table.forced = true;
    if (subtype === 'AT_DisableRowSecurity') table.enabled = false;
    if (subtype === 'AT_NoForceRowSecurity') table.forced = false;
    if (subtype === 'AT_AddConstraint') readConstraint(table, at(definition, 'Constraint'), undefined, place);
    if (subtype === 'AT_AddColumn') readColumn(table, at(definition, 'ColumnDef'), place);
  }
}

function createPolicy(tables: Map<string, TableFacts>, node: Node, place: Place): void {
  const roles = list(at(node, 'roles')).map((role) => String(at(role, 'RoleSpec', 'rolename') ?? 'public'));
  const using = shape(at(node, 'qual'));
  const check = shape(at(node, 'with_check'));
  tableOf(tables, node, 'table')?.policies.push({ roles, using, check, place });
}

function grant(tables: Map<string, TableFacts>, node: Node, place: Place): void {
  if (at(node, 'objtype') !== 'OBJECT_TABLE' || at(node, 'is_grant') !== true) return;
  const roles = list(at(node, 'grantees')).map((role) => String(at(role, 'RoleSpec', 'rolename') ?? 'public'));
  const listed = list(at(node, 'privileges')).map((privilege) => String(at(privilege, 'AccessPriv', 'priv_name')));
  const privileges = listed.length > 0 ? listed : ['all'];
  for (const object of list(at(node, 'objects'))) {
    tables.get(String(at(object, 'RangeVar', 'relname')))?.grants.push({ roles, privileges, place });
  }
}
