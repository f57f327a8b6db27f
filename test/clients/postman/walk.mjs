/** The requests of the collection in an order in which each has what it needs, and what is kept of their answers. */

/**
 * A request, by its operationId.
 *
 * @typedef {object} Step
 * @property {string} operation
 * @property {string} [name] in the collection; the operation's summary unless given
 * @property {string} [before] a script that runs before it
 * @property {unknown} [body] in the place of the description's example
 * @property {string} [text] the text of a file, in the place of a body: it is sent as a form
 * @property {Record<string, string>} [keep] variables, each with what it is set to: an expression in which `answer` is the answer
 */

/** @typedef {{name: string, description: string, steps: Step[]}} Folder */

/** The value of each parameter of a path or a header, by the operation's path. @type {(path: string, name: string) => string} */
export const parameterValue = (path, name) => {
  if (name === 'Idempotency-Key') return '{{$guid}}';
  if (name === 'plan') return 'pro';
  if (name === 'messageId' && !/\/(replies|edit)$/.test(path)) return '{{replyId}}';
  if (name === 'id' && path.startsWith('/file/')) return '{{fileId}}';
  if (name === 'id') return path.startsWith('/auth/sessions') ? '{{sessionId}}' : '{{chatroomId}}';
  return `{{${name}}}`;
};

/** A user of one's own for each walk. */
const CHOOSE_PHONE = `if (!pm.environment.get('phone')) {
  pm.environment.set('phone', '+1415' + (2000000 + Math.floor(Math.random() * 8000000)));
}`;

/** Postman sends a request when the timers of the script before it are over. */
const WAIT_FOR_CODE = `const wait = Number(pm.environment.get('nextCodeAt') || 0) - Date.now();
if (wait > 0) setTimeout(() => {}, wait);`;

/** What the event \`accepted\` of a stream says. */
const ACCEPTED = 'JSON.parse(/^event: accepted$[^]*?^data: (.*)$/m.exec(pm.response.text())[1])';

/** @type {Step} */
const CODE = {
  operation: 'sendOtp',
  before: WAIT_FOR_CODE,
  body: { phone: '{{phone}}' },
  keep: { challengeId: 'answer.challengeId', otp: 'answer.otp', nextCodeAt: 'Date.now() + 1000 * answer.resendAfter' },
};
const TOKENS = { accessToken: 'answer.accessToken', refreshToken: 'answer.refreshToken' };
/** @type {Step} */
const LOGIN = { operation: 'verifyOtp', body: { challengeId: '{{challengeId}}', otp: '{{otp}}' }, keep: TOKENS };

/** @type {Folder[]} */
export const WALK = [
  {
    name: 'Log in',
    description: 'With OTP_DELIVERY=response the code is in the answer; else put the one of the message into `otp`.',
    steps: [
      {
        operation: 'signUp',
        before: CHOOSE_PHONE,
        body: { phone: '{{phone}}', name: 'Ada' },
        keep: { phone: 'answer.phone' },
      },
      CODE,
      LOGIN,
      { operation: 'refreshTokens', body: { refreshToken: '{{refreshToken}}' }, keep: TOKENS },
      { operation: 'getAccount' },
      { operation: 'updateAccount' },
    ],
  },
  {
    name: 'Rooms',
    description: 'Plans, models and rooms.',
    steps: [
      { operation: 'listPlans' },
      { operation: 'listModels' },
      { operation: 'createChatroom', keep: { chatroomId: 'answer.id' } },
      { operation: 'listChatrooms' },
      { operation: 'updateChatroom' },
    ],
  },
  {
    name: 'Messages',
    description: 'A stream is read to its end, so what comes after it finds a finished reply.',
    steps: [
      { operation: 'uploadFile', text: 'It was blue all day.', keep: { fileId: 'answer.id' } },
      {
        operation: 'sendMessage',
        body: { content: 'Why is the sky blue?', files: ['{{fileId}}'] },
        keep: { messageId: 'answer.message.id', replyId: 'answer.reply.id' },
      },
      { operation: 'streamReply' },
      { operation: 'readMessage' },
      { operation: 'regenerateReply', keep: { replyId: 'answer.reply.id' } },
      { operation: 'cancelReply' },
      { operation: 'listReplies' },
      {
        operation: 'sendMessageAndStream',
        keep: { messageId: `${ACCEPTED}.message.id`, replyId: `${ACCEPTED}.reply.id` },
      },
      { operation: 'regenerateReplyAndStream', keep: { replyId: `${ACCEPTED}.reply.id` } },
      { operation: 'giveFeedback' },
      { operation: 'forkChatroom', body: { messageId: '{{replyId}}' } },
      { operation: 'editMessage', keep: { messageId: 'answer.message.id', replyId: 'answer.reply.id' } },
      { operation: 'readChatroom' },
      { operation: 'search' },
    ],
  },
  {
    name: 'Files',
    description: 'A text, which is deleted again.',
    steps: [
      { operation: 'uploadFile', text: 'Why is the sky blue?', keep: { fileId: 'answer.id' } },
      { operation: 'readFile' },
      { operation: 'downloadFile' },
      { operation: 'deleteFile' },
    ],
  },
  {
    name: 'Sharing',
    description: 'Whoever has the link reads the conversation, until it is revoked.',
    steps: [
      { operation: 'shareChatroom', keep: { token: 'answer.token' } },
      { operation: 'listShares' },
      { operation: 'readShared' },
      { operation: 'revokeShare' },
    ],
  },
  {
    name: 'Plan',
    description:
      'Open `checkoutUrl` in a browser to pay; the sandbox takes no real card. Stripe’s webhook is left out: only Stripe can sign it.',
    steps: [
      { operation: 'readSubscriptionStatus' },
      { operation: 'subscribe', body: { interval: 'month' }, keep: { checkoutUrl: 'answer.checkoutUrl' } },
      { operation: 'openPortal', keep: { portalUrl: 'answer.url' } },
      { operation: 'listUsage' },
    ],
  },
  {
    name: 'Sessions',
    description: 'A second login, which ends the first one.',
    steps: [
      CODE,
      LOGIN,
      {
        operation: 'listSessions',
        keep: { sessionId: '(answer.items.find(({ current }) => !current) ?? answer.items[0]).id' },
      },
      { operation: 'endSession' },
      { operation: 'endOtherSessions' },
      { operation: 'logOut' },
    ],
  },
  {
    name: 'Leave',
    description: 'Takes everything along, and deletes it.',
    steps: [
      CODE,
      LOGIN,
      { operation: 'exportAccount' },
      { operation: 'deleteChatroom' },
      { operation: 'exportFiles' },
      { operation: 'deleteAccount', keep: { phone: "''" } },
    ],
  },
  {
    name: 'Operations',
    description: 'What probes ask.',
    steps: [{ operation: 'getLiveness' }, { operation: 'getReadiness' }],
  },
];

/** Only Stripe can sign what it sends. */
export const LEFT_OUT = ['receiveStripeEvent'];
