import { Injectable } from '@nestjs/common';
import { MessageStore, type ReplyRow } from '../messages/message.store.js';
import { ReplyLogStore } from './reply-log.store.js';
import { ReplyReader, type ReplySources, type ReplyTarget } from './reply-reader.js';
import { RowSignal } from './reply-signal.js';
import { ReplySignalService } from './reply-signal.service.js';

/** A reply that a reader can begin to follow. Its reader has to be closed, whether or not it has begun. */
export interface ReplyReading {
  reader: ReplyReader;
  /** The reply as it was when the reader was opened. */
  reply: ReplyRow;
  /** The same for the reader. */
  opened: RowSignal;
}

/** Opens readers of replies. */
@Injectable()
export class ReplyReaderService {
  private readonly sources: ReplySources = {
    row: ({ userId, chatroomId, replyId }) => this.messages.find(userId, chatroomId, replyId),
    logs: (replyId, position) => this.log.read(replyId, position),
  };

  constructor(
    private readonly messages: MessageStore,
    private readonly log: ReplyLogStore,
    private readonly signals: ReplySignalService,
  ) {}

  /**
   * Begins to follow a reply. The subscription comes before the first reading of the row, so that nothing falls between
   * the two.
   *
   * @returns null when the user has no such reply
   */
  async open(target: ReplyTarget): Promise<ReplyReading | null> {
    const address = { chatroomId: target.chatroomId, id: target.replyId };
    const reader = await this.signals.open(address, (feed) => new ReplyReader(feed, target, this.sources));
    try {
      const opened = await this.readRow(reader, target);
      const reply = opened.row;
      if (reply?.role === 'bot') return { reader, reply, opened };
    } catch (error) {
      this.close(reader);
      throw error;
    }
    this.close(reader);
    return null;
  }

  /** Closes a reader. Repeatable. */
  close(reader: ReplyReader): void {
    reader.close();
    this.signals.close(reader.feed, reader);
  }

  /** The row for a new reader; one that asks while it is read for another of the same user shares it. */
  private async readRow({ feed }: ReplyReader, target: ReplyTarget): Promise<RowSignal> {
    const { end } = feed;
    return feed.share(end, `${target.userId} ${target.chatroomId}`, async () => {
      const opened = new RowSignal(await this.sources.row(target), end.number);
      // What it tells is true for every reader; that there is none, only for this user.
      if (opened.row !== null) feed.putNews(opened);
      return opened;
    });
  }
}
