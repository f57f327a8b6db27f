import type { components } from './openapi.js';

type Schemas = components['schemas'];

/** A message of the user, or the bot's reply to one. */
export type Message = Schemas['MessageResponse'];
/** A chatroom. */
export type Room = Schemas['ChatroomResponse'];
/** A chatroom with a page of its messages, oldest first; `nextCursor` leads to older ones. */
export type Conversation = Schemas['ConversationResponse'];
/** A message that was accepted, and the reply that it will get. */
export type AcceptedMessage = Schemas['AcceptedMessageResponse'];
/** What a new room may have. */
export type NewRoom = Schemas['CreateChatroomRequest'];
/** What can be changed of a room. */
export type RoomChanges = Schemas['UpdateChatroomRequest'];
/** What is known of an uploaded file. */
export type ChatFile = Schemas['FileResponse'];
/** A page on the web that a reply is founded on; `ranges` are UTF-16 offsets into its `content`. */
export type MessageSource = Schemas['MessageSourceResponse'];
/** What the user thinks of a reply. */
export type Feedback = Schemas['FeedbackRequest'];
/** A link to a conversation. */
export type Share = Schemas['ShareResponse'];
/** What such a link shows, to everyone. */
export type SharedConversation = Schemas['SharedConversationResponse'];
/** The user. */
export type Account = Schemas['AccountResponse'];
/** One login of the user. */
export type LoginSession = Schemas['SessionResponse'];
/** A place where the searched words were found. */
export type SearchHit = Schemas['SearchHitResponse'];
/** What the calls of one day, model and purpose used. */
export type Usage = Schemas['UsageResponse'];
/** A plan on offer. */
export type Plan = Schemas['PlanResponse'];
/** A model on offer. */
export type Model = Schemas['ModelResponse'];
/** The user's plan, what Stripe says of it, and the day's quota. */
export type SubscriptionStatus = Schemas['SubscriptionStatusResponse'];

/** A status in which a reply stays. */
export type FinalStatus = 'completed' | 'cancelled' | 'failed' | 'blocked';

/** The daily quota as an answer's headers tell it. Null where the plan has no limit. */
export interface Quota {
  limit: number;
  remaining: number;
  resetsAt: Date;
}

/** Where a session is kept: `localStorage`, `sessionStorage`, or anything like them, such as a phone's secure store. */
export interface SessionStorage {
  getItem(key: string): string | null | Promise<string | null>;
  setItem(key: string, value: string): unknown;
  removeItem(key: string): unknown;
}

/** The part of `fetch` that is used. `expo/fetch` fits. */
export type Fetch = (url: string, init: FetchInit) => Promise<FetchResponse>;

export interface FetchInit {
  method: string;
  headers: Record<string, string>;
  /** JSON as a string; an uploaded file as a `Blob` or an `ArrayBuffer`. */
  body?: string | Blob | ArrayBuffer;
  signal: AbortSignal;
}

export interface FetchResponse {
  ok: boolean;
  status: number;
  headers: { get(name: string): string | null };
  text(): Promise<string>;
  /** For `files.content` alone. */
  blob?(): Promise<Blob>;
  body: {
    getReader(): { read(): Promise<{ done: boolean; value?: Uint8Array | undefined }>; cancel(): Promise<void> };
  } | null;
}

export interface ChatClientOptions {
  /** Where the API is; the page's own origin unless given. */
  baseUrl?: string | undefined;
  /** The global one unless given. */
  fetch?: Fetch | undefined;
  /** In memory unless given. */
  storage?: SessionStorage | undefined;
  /** The key in the storage, `gemini-chat-session` unless given. */
  storageKey?: string | undefined;
  /** How long an answer may take, in milliseconds; 30 s unless given. Replies and the export have limits of their own. */
  timeoutMs?: number | undefined;
  /** How long a reply is reconnected to without any progress before it fails with code `connection`, in milliseconds; 5 minutes unless given. */
  reconnectForMs?: number | undefined;
}

/** A code that is under way. */
export interface Challenge {
  phone: string;
  challengeId: string;
  /** In seconds. */
  expiresIn: number;
  /** Seconds after which another code may be asked for. */
  resendAfter: number;
  /** The code itself, of an API for development. */
  otp?: string;
}

/** Who is logged in. */
export interface Session {
  user: Account;
}

/** One page of a list. */
export interface Page<Item> {
  items: Item[];
  nextCursor: string | null;
}

/** A list that loads its pages while it is iterated. */
export interface PagedList<Item> extends AsyncIterable<Item> {
  /** A single page; the first unless a cursor is given. */
  page(cursor?: string | null): Promise<Page<Item>>;
}

/** What happens to a reply, in order. `snapshot` is always the whole text so far, `thoughts` all that the model told of its thoughts. */
export type ReplyEvent =
  | ({ type: 'accepted'; message: Message | null; reply: Message; quota: Quota | null } & SoFar)
  /** More of the thoughts, which are no part of the text. Comes where the room's `showThoughts` is on. */
  | ({ type: 'thought'; text: string } & SoFar)
  | ({ type: 'delta'; text: string } & SoFar)
  /** All that the reply is founded on, in place of what an earlier one told. Comes where the room's `search` is on. */
  | ({ type: 'sources'; sources: MessageSource[]; searchQueries: string[] } & SoFar)
  /** A fresh attempt begins: text, thoughts and sources so far are void. */
  | { type: 'reset'; snapshot: ''; thoughts: '' }
  /** The connection was lost; the client connects again by itself and goes on. */
  | ({ type: 'reconnecting'; attempt: number } & SoFar)
  /** The last: the reply as it is stored. */
  | ({ type: 'done'; message: Message } & SoFar);

interface SoFar {
  snapshot: string;
  thoughts: string;
}

export interface ReadOptions {
  /** Ends the reading alone: the model goes on, and the reply can be attached to again. */
  signal?: AbortSignal | undefined;
}

export interface SendOptions extends ReadOptions {
  /** Of an own choice, e.g. the id of the message in the app: sending again under it never sends twice. */
  idempotencyKey?: string | undefined;
}

export interface MessageOptions extends SendOptions {
  /** Ids of uploaded files, in the order in which the model is to see them. With files the text may be empty. */
  files?: readonly string[] | undefined;
}

export interface EditOptions {
  /** As that of `SendOptions`. */
  idempotencyKey?: string | undefined;
  /** Ids of uploaded files. Left out: the files of the edited message stay. */
  files?: readonly string[] | undefined;
}

export interface UploadOptions {
  /** What others read; the API finds out the type by the content. That of a `File` unless given. */
  name?: string | undefined;
  /** Ends the upload. */
  signal?: AbortSignal | undefined;
}

/** A reply that is written. Sending begins at once; events can be iterated at any time, more than once, and begin anew each time. */
export interface Reply extends AsyncIterable<ReplyEvent> {
  /** Once accepted: the messages with their ids. Rejects with a `ChatError` when it was refused. */
  readonly accepted: Promise<Extract<ReplyEvent, { type: 'accepted' }>>;
  /** The text so far. */
  readonly snapshot: string;
  /** What the model has told of its thoughts so far. */
  readonly thoughts: string;
  /** What the reply is founded on, as far as it is known. */
  readonly sources: MessageSource[];
  /** What the model has searched for, as far as it is known. */
  readonly searchQueries: string[];
  /** The reply in its final state. */
  final(): Promise<Message>;
  /** Stops the model; what was written stays, and `done` still comes. */
  stop(): Promise<void>;
}

/** The client of one user. */
export interface ChatClient {
  readonly auth: {
    /** Signs up, which changes nothing of an existing account, and sends a code. */
    sendCode(person: { phone: string; name?: string | undefined }): Promise<Challenge>;
    verify(challenge: Pick<Challenge, 'challengeId'>, code: string): Promise<Session>;
    /** Who is logged in, as far as the storage knows; null: no one. */
    session(): Promise<Session | null>;
    /** Is told of each login and of each end of one, in any tab. @returns what ends that */
    onChange(listener: (session: Session | null) => void): () => void;
    signOut(): Promise<void>;
    sessions(): PagedList<LoginSession>;
    endSession(id: string): Promise<void>;
    endOtherSessions(): Promise<void>;
  };
  readonly account: {
    get(): Promise<Account>;
    update(changes: { name: string | null }): Promise<Account>;
    /** Everything that is held of the user, as JSON. It is held in memory: a large account is better downloaded by `GET /user/me/export` itself. */
    export(): Promise<string>;
    /** Deletes the account with everything in it, and ends the session. */
    delete(): Promise<void>;
  };
  readonly rooms: {
    create(room?: NewRoom): Promise<Room>;
    list(filter?: { archived?: boolean | undefined; limit?: number | undefined }): PagedList<Room>;
    get(roomId: string, page?: { limit?: number | undefined; cursor?: string | undefined }): Promise<Conversation>;
    update(roomId: string, changes: RoomChanges): Promise<Room>;
    /** Copies a room up to and with one of its messages into a new one. */
    fork(roomId: string, messageId: string): Promise<Room>;
    delete(roomId: string): Promise<void>;
  };
  readonly replies: {
    /** A message as it is now. */
    get(roomId: string, messageId: string): Promise<Message>;
    /** All variants of the reply to a user's message, newest first. */
    variants(roomId: string, userMessageId: string): PagedList<Message>;
    /** Stops the model. */
    stop(roomId: string, replyId: string): Promise<Message>;
    /** Says what the user thinks of a finished reply, in place of what was said before; `{ rating: null }` removes it. */
    rate(roomId: string, replyId: string, feedback: Feedback): Promise<void>;
  };
  readonly files: {
    /**
     * Uploads a file, for `files` of messages. One that no message has is deleted after 24 hours: so an upload is tried again when the
     * connection fails, which may leave a second copy until then. It may take 10 minutes.
     */
    upload(content: Blob | Uint8Array, options?: UploadOptions): Promise<ChatFile>;
    get(id: string): Promise<ChatFile>;
    /** The bytes of a file, e.g. for `URL.createObjectURL`. They never change. They may take 10 minutes. */
    content(id: string, options?: { signal?: AbortSignal | undefined }): Promise<Blob>;
    /** Where the bytes are; reading them there takes an access token, so that `<img src>` can't. */
    contentUrl(id: string): string;
    /** Deletes a file that no message has; rejects with `file_in_use` for another. */
    delete(id: string): Promise<void>;
  };
  /** Links by which others read a conversation, as it was when the link was made. */
  readonly shares: {
    create(roomId: string): Promise<Share>;
    /** The room's, newest first. */
    list(roomId: string): PagedList<Share>;
    /** Ends a share at once. */
    revoke(roomId: string, token: string): Promise<void>;
    /** What a link shows, to everyone: no one has to be logged in. */
    read(token: string): Promise<SharedConversation>;
  };
  readonly billing: {
    status(): Promise<SubscriptionStatus>;
    subscribe(choice?: {
      plan?: string | undefined;
      interval?: 'month' | 'year' | undefined;
      successUrl?: string | undefined;
      cancelUrl?: string | undefined;
    }): Promise<{ checkoutUrl: string; expiresAt: string }>;
    portal(): Promise<{ url: string }>;
    /** Waits until the user has the plan: Stripe's webhook may come later than the customer. Rejects with code `timeout`. */
    waitFor(
      plan: string,
      options?: { timeoutMs?: number | undefined; signal?: AbortSignal | undefined },
    ): Promise<SubscriptionStatus>;
  };
  /** Sends a message and reads its reply, over cuts, restarts and expired tokens. */
  send(roomId: string, content: string, options?: MessageOptions): Reply;
  /** A new variant of the room's latest reply. */
  regenerate(roomId: string, replyId: string, options?: SendOptions): Reply;
  /**
   * Asks the room's latest question anew: the old one and its replies leave the lists. The new reply is read by `attach`. Rejects with
   * `not_latest_message` or `reply_in_progress` where that can't be.
   */
  edit(roomId: string, messageId: string, content: string, options?: EditOptions): Promise<AcceptedMessage>;
  /** Reads a reply from its start, e.g. after a reload. Its `accepted` has no `message` and no `quota`. */
  attach(roomId: string, replyId: string, options?: ReadOptions): Reply;
  search(words: string): PagedList<SearchHit>;
  plans(): Promise<Plan[]>;
  models(): Promise<Model[]>;
  usage(days?: { from?: string | undefined; to?: string | undefined }): PagedList<Usage>;
}
