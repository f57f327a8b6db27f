/** What PostgreSQL's driver, or Prisma's adapter of it, tells of a violated constraint. */
interface Violation {
  code?: string;
  constraint?: string | { index?: string };
  meta?: { driverAdapterError?: { cause?: { originalCode?: string; constraint?: { index?: string } } } };
}

const FOREIGN_KEY_VIOLATION = '23503';

/** The name of the foreign key that a write violated: the row that it references is not there (any more). Null for other errors. */
export function violatedForeignKey(error: unknown): string | null {
  if (!(error instanceof Error)) return null;
  const { code, constraint, meta } = error as Error & Violation;
  const cause = meta?.driverAdapterError?.cause;
  if (code !== FOREIGN_KEY_VIOLATION && cause?.originalCode !== FOREIGN_KEY_VIOLATION) return null;
  return typeof constraint === 'string' ? constraint : (cause?.constraint?.index ?? null);
}
