import type { Readable } from 'node:stream';
import { type Slot, type SlotLimit, SlotService, untilReadable } from '@app/platform';
import { Injectable, Logger, type OnModuleDestroy, ServiceUnavailableException } from '@nestjs/common';
import { SessionRevocationService } from '../session/session-revocation.service.js';
import type { AuthenticatedUser } from '../token/authenticated-user.js';
import { UnauthenticatedError } from '../token/token.errors.js';
import { ExportInProgressError, TooManyExportsError } from './account-export.errors.js';
import { download } from './download.js';

const ONE_PER_USER: SlotLimit = { kind: 'export', limit: 1, leaseMs: 30_000 };
const EXTEND_MS = 10_000;

/** A large account takes minutes over a slow line; a reader that has not taken a chunk within a minute is not reading. */
const LIMITS = { stalledMs: 60_000, totalMs: 30 * 60_000 };

/** Of this process at once: each holds a batch of rows, or parts of a file, also while its reader is slow. */
const MAX_EXPORTS = 50;

/** Sends what users take away of their accounts: one export of each at a time, whatever it is of, and so many in all. */
@Injectable()
export class AccountDownloadService implements OnModuleDestroy {
  private readonly logger = new Logger(AccountDownloadService.name);
  private readonly streams = new Set<Readable>();
  private starting = 0;

  constructor(
    private readonly revocations: SessionRevocationService,
    private readonly slots: SlotService,
  ) {}

  /**
   * When this resolves the first bytes of the stream are there. It is destroyed with an error when it can't go on, when its reader
   * stalls, when the session ends, and when the process shuts down.
   *
   * @param begin gives the chunks, which are made as they are read; called when the user may have them
   * @throws ExportInProgressError, TooManyExportsError; what `begin` throws, and making the first bytes
   */
  async stream(
    user: AuthenticatedUser,
    begin: () => Promise<AsyncIterable<string> | AsyncIterable<Uint8Array>>,
  ): Promise<Readable> {
    const stream = await this.open(user, begin);
    await untilReadable(stream);
    stream.once('error', ({ message, cause }) => this.logger.warn(`An export broke off: ${message}`, cause));
    return stream;
  }

  /** Cuts what is being sent, for the process is shutting down. */
  onModuleDestroy(): void {
    for (const stream of this.streams) stream.destroy(new ServiceUnavailableException('The process is shutting down'));
  }

  private async open(
    user: AuthenticatedUser,
    begin: () => Promise<AsyncIterable<string> | AsyncIterable<Uint8Array>>,
  ): Promise<Readable> {
    if (this.streams.size + this.starting >= MAX_EXPORTS) throw new TooManyExportsError();
    this.starting++;
    try {
      const slot = await this.slots.acquire(ONE_PER_USER, user.userId);
      if (slot === null) throw new ExportInProgressError();
      try {
        return this.start(user, await begin(), slot);
      } catch (error) {
        await slot.release();
        throw error;
      }
    } finally {
      this.starting--;
    }
  }

  private start(
    { sessionId }: AuthenticatedUser,
    chunks: AsyncIterable<string> | AsyncIterable<Uint8Array>,
    slot: Slot,
  ): Readable {
    const stream = download(chunks, LIMITS);
    this.streams.add(stream);
    const extending = setInterval(() => void slot.extend(), EXTEND_MS);
    const stopListening = this.revocations.onRevoked(sessionId, () => stream.destroy(new UnauthenticatedError(true)));
    stream.once('close', () => {
      clearInterval(extending);
      stopListening();
      this.streams.delete(stream);
      void slot.release();
    });
    return stream;
  }
}
