import { AuthModule } from '@app/auth';
import { SlotModule } from '@app/platform';
import { SubscriptionModule } from '@app/subscription';
import { Module } from '@nestjs/common';
import { FileAccountParticipant } from './account/file-account.participant.js';
import { FileExportController } from './account/file-export.controller.js';
import { FileExportService } from './account/file-export.service.js';
import { FileExportStore } from './account/file-export.store.js';
import { FileStoreModule } from './file-store.module.js';
import { FileRecordStore } from './files/file-record.store.js';
import { FileContentService } from './serving/file-content.service.js';
import { FileController } from './serving/file.controller.js';
import { UploadController } from './uploads/upload.controller.js';
import { UploadService } from './uploads/upload.service.js';

/** Files over HTTP: uploading, reading, deleting. */
@Module({
  imports: [AuthModule, FileStoreModule, SlotModule, SubscriptionModule],
  controllers: [UploadController, FileController, FileExportController],
  providers: [
    FileRecordStore,
    UploadService,
    FileContentService,
    FileExportStore,
    FileExportService,
    FileAccountParticipant,
  ],
})
export class FileModule {}
