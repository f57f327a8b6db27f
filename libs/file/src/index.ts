export { FileModule } from './file.module.js';
export { FILE_RETENTION } from './file.retention.js';
export { FileWorkerModule } from './file-worker.module.js';
export { FileStoreConfig } from './store/file-store.config.js';
export { fileStoreStartCheck } from './store/file-store.factory.js';
