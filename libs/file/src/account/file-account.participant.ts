import { AccountParticipantService } from '@app/auth';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { FileExportStore } from './file-export.store.js';

/**
 * The part that files have in exporting and erasing an account. The export names them; `GET /user/me/export/files` has their bytes.
 * Erasing needs nothing here: the files go with the user's row, and a trigger has the worker remove their bytes.
 */
@Injectable()
export class FileAccountParticipant implements OnModuleInit {
  constructor(
    private readonly files: FileExportStore,
    private readonly participants: AccountParticipantService,
  ) {}

  onModuleInit(): void {
    this.participants.register({
      name: 'files',
      export: (userId) => this.files.filesOf(userId),
      erase: () => Promise.resolve(),
    });
  }
}
