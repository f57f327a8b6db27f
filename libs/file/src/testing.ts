/** What tests alone need of files: `@app/file/testing`. The product may not import it. */
export { PostgresqlFileStore } from './store/postgresql.file-store.js';
