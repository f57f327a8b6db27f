import { Module } from '@nestjs/common';
import { FileStoreModule } from './file-store.module.js';
import { FileRemovalStore } from './removal/file-removal.store.js';
import { FileRemovalTask } from './removal/file-removal.task.js';

/** The work of the worker on files: removing the bytes of deleted ones. Importing it starts that in the process. */
@Module({ imports: [FileStoreModule], providers: [FileRemovalStore, FileRemovalTask] })
export class FileWorkerModule {}
