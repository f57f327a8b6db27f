import { Database } from '@app/platform';
import { Module } from '@nestjs/common';
import { FileStoreConfig } from './store/file-store.config.js';
import { fileStoresOf } from './store/file-store.factory.js';
import { FileStoreRegistry } from './store/file-store.registry.js';

/** The stores of files, for whoever reads or writes them. */
@Module({
  providers: [{ provide: FileStoreRegistry, useFactory: fileStoresOf, inject: [FileStoreConfig, Database] }],
  exports: [FileStoreRegistry],
})
export class FileStoreModule {}
