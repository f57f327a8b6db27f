import { AccountParticipantService } from '@app/auth';
import { Injectable, type OnModuleInit } from '@nestjs/common';
import { ShareService } from './share.service.js';

/** The part that shares have in exporting an account. Erasing it deletes its rooms, and with them their shares. */
@Injectable()
export class ShareAccountParticipant implements OnModuleInit {
  constructor(
    private readonly participants: AccountParticipantService,
    private readonly shares: ShareService,
  ) {}

  onModuleInit(): void {
    this.participants.register({
      name: 'shares',
      export: (userId) => this.shares.exportOf(userId),
      erase: () => Promise.resolve(),
    });
  }
}
