import {
  DefaultQueryExecutor,
  DummyDriver,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  Transaction,
  type CompiledQuery,
  type ConnectionProvider,
  type DatabaseConnection,
  type Dialect,
  type Kysely,
  type QueryResult,
} from 'kysely';

/** Where a bound kysely sends its statements. */
export interface StatementTarget {
  execute(query: CompiledQuery, name: string): Promise<QueryResult<unknown>>;
}

const adapter = new PostgresAdapter();
const compiler = new PostgresQueryCompiler();
const driver = new DummyDriver();
const dialect: Dialect = {
  createAdapter: () => adapter,
  createDriver: () => driver,
  createQueryCompiler: () => compiler,
  createIntrospector: (db) => new PostgresIntrospector(db),
};
const config = { dialect };
const unnamed = 'unnamed';

/** Skips kysely's connection handling: the transaction owns the connection and orders its statements. */
class BoundExecutor extends DefaultQueryExecutor {
  readonly target: StatementTarget;
  readonly #name: string;

  constructor(target: StatementTarget, name: string) {
    super(compiler, adapter, connectionProvider(target, name));
    this.target = target;
    this.#name = name;
  }

  override executeQuery<R>(query: CompiledQuery): Promise<QueryResult<R>> {
    return this.target.execute(query, this.#name) as Promise<QueryResult<R>>;
  }
}

/** Serves executors that kysely derives from ours, as `withSchema` does. */
function connectionProvider(target: StatementTarget, name: string): ConnectionProvider {
  const connection: DatabaseConnection = {
    executeQuery: <R>(query: CompiledQuery) => target.execute(query, name) as Promise<QueryResult<R>>,
    streamQuery() {
      throw new Error('Rows are not streamed inside a transaction; use scan().');
    },
  };
  return { provideConnection: (consumer) => consumer(connection) };
}

/** A kysely whose statements go to one transaction; about a microsecond to make. */
export function bindKysely<DB>(target: StatementTarget, name = unnamed): Kysely<DB> {
  return new Transaction<DB>({ config, dialect, driver, executor: new BoundExecutor(target, name) });
}

/**
 * The same transaction with a name for its next queries, used as metric label and in plan tests:
 * `named(tx.db, 'catalog.service-by-id').selectFrom('services')…`. Names are constants, never built from input.
 */
export function named<DB>(db: Kysely<DB>, name: string): Kysely<DB> {
  const executor = db.getExecutor();
  if (!(executor instanceof BoundExecutor)) throw new TypeError('named() takes the db of a transaction');
  return bindKysely<DB>(executor.target, name);
}
