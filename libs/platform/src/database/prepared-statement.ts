import type { CustomTypesConfig } from 'pg';

/** A statement that PostgreSQL parses and plans once per connection, with the row that it returns. */
export interface PreparedStatement<Row extends object = never> {
  /** Unique in the product: PostgreSQL knows the plan by it. */
  readonly name: string;
  readonly text: string;
  /** How columns are read, where the driver's own way isn't wanted. */
  readonly types?: CustomTypesConfig;
  /** Never set: it ties the type of the rows to the statement. */
  readonly row?: Row;
}

/** A statement with the values of its parameters, for whoever runs several in one transaction. */
export interface BoundStatement {
  readonly statement: PreparedStatement<object>;
  readonly values: readonly unknown[];
}

const registry = new Map<string, PreparedStatement<object>>();

/**
 * Registers a statement, once, when its module is loaded. Every statement of the product is made here, so that tests can
 * prepare each against the migrated schema and read its plan.
 *
 * @param name unique, beginning with the concept: `reply_claim`
 * @param options how columns are read: `ISO_TIMES`
 * @throws Error when the name was used before: PostgreSQL would run the other statement under it
 */
export function prepared<Row extends object = Record<string, never>>(
  name: string,
  text: string,
  options: Pick<PreparedStatement, 'types'> = {},
): PreparedStatement<Row> {
  if (registry.has(name)) throw new Error(`There are two statements of the name ${name}`);
  const statement: PreparedStatement<Row> = { name, text, ...options };
  registry.set(name, statement);
  return statement;
}

/** Every statement of the modules that are loaded. For tests. */
export const registeredStatements = (): readonly PreparedStatement<object>[] => [...registry.values()];
