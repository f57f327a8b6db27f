import { ReplyBell, ReplyConfig, ReplyStore } from '@app/chatroom';
import { CrashPoints } from '@app/platform';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';

/**
 * Rings again for what nobody came for: replies whose bell was lost (Redis away, flushed, or the API died before it
 * rang), whose worker died, or whose back-off has passed. With it, Redis may lose everything at any time.
 */
@Injectable()
export class ReplySweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(ReplySweeper.name);
  private timer: NodeJS.Timeout | undefined;
  private sweeping = false;

  constructor(
    private readonly store: ReplyStore,
    private readonly bell: ReplyBell,
    private readonly config: ReplyConfig,
    private readonly faults: CrashPoints,
  ) {}

  onApplicationBootstrap(): void {
    if (this.faults.switchedOff('sweep')) return;
    this.timer = setInterval(() => void this.sweep(), this.config.REPLY_SWEEP_MS);
  }

  onApplicationShutdown(): void {
    clearInterval(this.timer);
  }

  /** One round; a round that takes longer than the pause between two isn't joined by another. */
  async sweep(): Promise<void> {
    if (this.sweeping) return;
    this.sweeping = true;
    try {
      await this.bell.ring(await this.store.sweep());
    } catch (error) {
      this.logger.warn(`The sweep failed: ${(error as Error).message}`);
    } finally {
      this.sweeping = false;
    }
  }
}
