import { AuditTrail, decodeCursor, type Page, type PageQuery, readPage } from '@app/platform';
import { Injectable } from '@nestjs/common';
import { IsUUID } from 'class-validator';
import { ChatroomNotFoundError } from '../rooms/chatroom.errors.js';
import { ShareConfig } from './share.config.js';
import { NothingToShareError, ShareNotFoundError, TooManySharesError } from './share.errors.js';
import type { SharedConversationResponse, ShareResponse } from './share.response.js';
import { MAX_SHARES, type ShareRow, ShareStore } from './share.store.js';
import { isShareToken } from './share-token.js';

/** Behind the last share of a page. */
class SharePosition {
  @IsUUID()
  id!: string;
}

/** Links by which others read a conversation, as it was when the link was made. */
@Injectable()
export class ShareService {
  constructor(
    private readonly store: ShareStore,
    private readonly config: ShareConfig,
    private readonly audit: AuditTrail,
  ) {}

  /**
   * Shares the room as its owner sees it now.
   *
   * @throws ChatroomNotFoundError, TooManySharesError, NothingToShareError
   */
  async create(userId: string, chatroomId: string): Promise<ShareResponse> {
    const created = await this.store.create(userId, chatroomId);
    if (created === null) throw new ChatroomNotFoundError();
    const { held, share } = created;
    if (share === null) throw held >= MAX_SHARES ? new TooManySharesError() : new NothingToShareError();
    await this.audit.write({ action: 'chatroom_shared', userId, detail: { chatroomId, shareId: share.id } });
    return this.responseOf(share);
  }

  /**
   * The room's shares, newest first.
   *
   * @throws ChatroomNotFoundError; ValidationFailedError for a malformed cursor
   */
  async page(userId: string, chatroomId: string, { limit, cursor }: PageQuery): Promise<Page<ShareResponse>> {
    const before = decodeCursor(SharePosition, cursor)?.id;
    const read = async (take: number) => {
      const shares = await this.store.list(userId, chatroomId, { before, take });
      if (shares === null) throw new ChatroomNotFoundError();
      return shares;
    };
    const { items, nextCursor } = await readPage(limit, read, ({ id }) => ({ id }));
    return { items: items.map((share) => this.responseOf(share)), nextCursor };
  }

  /**
   * Ends a share, on every replica at once.
   *
   * @throws ShareNotFoundError
   */
  async revoke(userId: string, chatroomId: string, token: string): Promise<void> {
    const shareId = isShareToken(token) ? await this.store.revoke(userId, chatroomId, token) : null;
    if (shareId === null) throw new ShareNotFoundError();
    await this.audit.write({ action: 'share_revoked', userId, detail: { chatroomId, shareId } });
  }

  /** Ends a share of the user by its id. @returns whether it was still there */
  async revokeIfThere(userId: string, shareId: string): Promise<boolean> {
    return await this.store.revokeById(userId, shareId);
  }

  /**
   * The conversation of a link.
   *
   * @throws ShareNotFoundError
   */
  async read(token: string): Promise<SharedConversationResponse> {
    const conversation = isShareToken(token) ? await this.store.read(token) : null;
    if (conversation === null) throw new ShareNotFoundError();
    return conversation;
  }

  /** All shares of a user as they are taken away. */
  async *exportOf(userId: string): AsyncGenerator<object> {
    for await (const { seqs, ...share } of this.store.all(userId)) {
      yield { ...share, url: this.urlOf(share), messages: seqs };
    }
  }

  private responseOf(share: ShareRow): ShareResponse {
    return { url: this.urlOf(share), token: share.token, createdAt: share.createdAt.toISOString() };
  }

  private readonly urlOf = ({ token }: { token: string }): string => `${this.config.SHARE_URL_PREFIX}${token}`;
}
