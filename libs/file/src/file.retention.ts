import { type ExpiringRows, expiringRows } from '@app/platform';

/** Files that no message has got by the moment that the row says. Their bytes follow by `FileRemovalTask`. */
export const FILE_RETENTION: readonly ExpiringRows[] = [
  expiringRows({ what: 'unused files', table: 'file', column: 'delete_after', keep: { ms: 0 } }),
];
