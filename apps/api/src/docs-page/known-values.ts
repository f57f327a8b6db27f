/** What the answers so far have shown, for later requests. An empty text: not known, or no longer of use. */
export interface KnownValues {
  phone: string;
  challengeId: string;
  otp: string;
  accessToken: string;
  refreshToken: string;
  /** A session other than the current one. */
  sessionId: string;
  roomId: string;
  messageId: string;
  replyId: string;
  /** Of the room's newest share. */
  shareToken: string;
}

type Answer = Record<string, string | undefined>;
interface Accepted {
  message: { id: string };
  reply: { id: string };
}
type Lesson = (answer: unknown) => Partial<KnownValues>;

const NO_TOKENS = { accessToken: '', refreshToken: '' };
const NO_ROOM = { roomId: '', messageId: '', replyId: '', shareToken: '' };

const ofTokens: Lesson = (answer) => {
  const { accessToken = '', refreshToken = '' } = answer as Answer;
  return { accessToken, refreshToken };
};
const ofRoom: Lesson = (answer) => ({ roomId: (answer as { id: string }).id });
const ofMessage: Lesson = (answer) => {
  const { message, reply } = answer as Accepted;
  return { messageId: message.id, replyId: reply.id };
};
const ofReply: Lesson = (answer) => ({ replyId: (answer as Accepted).reply.id });

/** What the answer of an operation shows, by its operationId; for streams, what the event `accepted` shows. */
const LESSONS: Record<string, Lesson> = {
  signUp: (answer) => ({ phone: (answer as Answer)['phone'] ?? '' }),
  sendOtp: (answer) => {
    const { challengeId = '', otp = '' } = answer as Answer;
    return { challengeId, otp };
  },
  verifyOtp: ofTokens,
  refreshTokens: ofTokens,
  logOut: () => NO_TOKENS,
  deleteAccount: () => ({ ...NO_TOKENS, ...NO_ROOM }),
  listSessions: (answer) => {
    const { items } = answer as { items: { id: string; current: boolean }[] };
    return { sessionId: items.find(({ current }) => !current)?.id ?? '' };
  },
  createChatroom: ofRoom,
  readChatroom: ofRoom,
  updateChatroom: ofRoom,
  deleteChatroom: () => NO_ROOM,
  sendMessage: ofMessage,
  sendMessageAndStream: ofMessage,
  regenerateReply: ofReply,
  regenerateReplyAndStream: ofReply,
  shareChatroom: (answer) => ({ shareToken: (answer as { token: string }).token }),
  revokeShare: () => ({ shareToken: '' }),
};

/** What an answer shows. Nothing, where the operation or the answer is none of those that show something. */
export function valuesOf(operationId: string, answer: unknown): Partial<KnownValues> {
  const lesson = LESSONS[operationId];
  return lesson === undefined ? {} : lesson(answer);
}

/** Which value a parameter of a path takes; null: none that an answer shows. */
export function valueNameOf(path: string, parameter: string): keyof KnownValues | null {
  if (parameter === 'replyId') return 'replyId';
  if (parameter === 'token') return 'shareToken';
  // One operation reads any message: a reply is what there is to wait for.
  if (parameter === 'messageId') return path.endsWith('/replies') ? 'messageId' : 'replyId';
  if (parameter !== 'id') return null;
  if (path.startsWith('/chatroom/')) return 'roomId';
  return path.startsWith('/auth/sessions/') ? 'sessionId' : null;
}

/** The properties of bodies that are values of earlier answers, by operationId. */
export const BODY_VALUES: Record<string, (keyof KnownValues)[]> = {
  sendOtp: ['phone'],
  verifyOtp: ['challengeId', 'otp'],
  refreshTokens: ['refreshToken'],
};
