import { CatalogueConfig, loadPlanCatalogue } from '@app/subscription';
import {
  BACKLOG_HEAD,
  BACKLOG_ROOM,
  BACKLOG_SECOND,
  filesOf,
  FIRST_OWN_ROOM,
  LAST_VARIANT,
  LONG_ROOM,
  LONG_ROOM_REPLY,
  LONG_TEXTS_ROOM,
  ROOM_OWNER,
  roomId,
  shareTokenOf,
  userId,
  VARIANTS_QUESTION,
  VARIANTS_ROOM,
} from './lived-database.js';

export const plans = loadPlanCatalogue(new CatalogueConfig());
export const catalogue = plans.sqlParameter;

export const LONG = roomId(LONG_ROOM);
export const LONG_OWNER = userId(1 + LONG_ROOM);
export const now = new Date();
const today = now.toISOString().slice(0, 10);
export const NEW_IDS = ['d0000000-0000-7000-8000-000000000001', 'd0000000-0000-7000-8000-000000000002'];

export const BACKLOG = roomId(BACKLOG_ROOM);
const BACKLOG_OWNER = userId(1 + BACKLOG_ROOM);
const LAST_ID = 'ffffffff-ffff-ffff-ffff-ffffffffffff';

const OWNER_OF_MANY = userId(ROOM_OWNER);

const SENT = [LONG_OWNER, LONG, now, today, catalogue, ...NEW_IDS];

/** The request's id and the place in a trace. */
const ORIGIN = ['0197a1c0-1111-7000-8000-000000042137', null];

/** Thinking, temperature, longest reply, shown thoughts and search of a room that leaves all to the model. */
const NO_SETTINGS = [null, null, null, false, false];

/** What a statement does on the hot path, and how many pages it may touch, however much there is. */
export const HOT: [what: string, statement: string, values: unknown[], pages: number][] = [
  ['accepting a message', 'message_send', [...SENT, 'Hi', null, null, false, null, ...ORIGIN], 100],
  ['accepting a long message', 'message_send', [...SENT, 'Hi', null, null, false, 2, ...ORIGIN], 100],
  [
    'accepting a message with files',
    'message_send_with_files',
    [...SENT, '', null, null, false, null, ...ORIGIN, filesOf(1 + LONG_ROOM)],
    200,
  ],
  [
    'creating a room',
    'chatroom_create',
    [NEW_IDS[0], LONG_OWNER, 'T', null, null, now, catalogue, ...NO_SETTINGS, 100],
    100,
  ],
  ['claiming the head of a backlog', 'reply_claim', [BACKLOG_HEAD, 10_000, 300_000, catalogue, BACKLOG], 200],
  ['claiming what is not the head', 'reply_claim', [BACKLOG_SECOND, 10_000, 300_000, catalogue, BACKLOG], 60],
  [
    'claiming what was not interrupted',
    'reply_claim_interrupted',
    [BACKLOG_HEAD, 10_000, 300_000, catalogue, BACKLOG],
    60,
  ],
  ['telling what a backlog waits for', 'reply_await', [[BACKLOG], [BACKLOG_HEAD]], 60],
  [
    "reading the counts of a conversation's files",
    'file_read_tokens',
    [LONG_OWNER, NEW_IDS, 'gemini-flash-latest'],
    30,
  ],
  ['extending leases', 'reply_extend', [[BACKLOG_HEAD], [1], ['Half'], 10_000, [BACKLOG], ['Well.']], 30],
  ['noting what a call with files is sent', 'reply_begin_call', [BACKLOG, BACKLOG_HEAD, 1, 40_000], 30],
  ['finding the next of a backlog', 'reply_next_of_user', [BACKLOG_HEAD, BACKLOG], 40],
  ['finding the next in a long room', 'reply_next_of_user', [LONG_ROOM_REPLY, LONG], 40],
  ['reading a long room', 'chatroom_read', [LONG, LONG_OWNER, 2_147_483_647, 51], 150],
  [
    'reading a room of long messages',
    'chatroom_read',
    [roomId(LONG_TEXTS_ROOM), userId(1 + LONG_TEXTS_ROOM), 2_147_483_647, 101],
    500,
  ],
  [
    'walking on through the list of rooms',
    'chatroom_list_next_page',
    [LONG_OWNER, false, 51, false, now, NEW_IDS[0], new Date(now.getTime() - 7_200_000)],
    150,
  ],
  ['what has changed in the list of rooms', 'chatroom_list_changed', [LONG_OWNER, false, now], 30],
  ['reading the past of a long room', 'message_turns_before', [LONG, 100_000], 250],
  ['reading the past of the backlog room', 'message_turns_before', [BACKLOG, 2_000_000], 250],
  ['reading the past of a reply with many variants', 'message_turns_before', [roomId(VARIANTS_ROOM), 1_000_000], 250],
  ['listing rooms', 'chatroom_list_first_page', [LONG_OWNER, false, 51], 150],
  ['settling a model call', 'model_call_settle', [userId(7), now, '{}', 1, 1, 1, 1, 1], 60],
  ['searching among many messages', 'message_search_read', [LONG_OWNER, LAST_ID, 2_000, 1_048_576], 400],
  ['exporting a part of a long room', 'message_export', [LONG, 50_000, 500, 524_288], 1_700],
  ['giving feedback', 'message_give_feedback', [LONG_OWNER, LONG, LONG_ROOM_REPLY, '{"rating":"up"}'], 60],
  // A thousand exchanges, each by a few steps through indexes.
  ['sharing a long room', 'share_create', [LONG_OWNER, LONG, NEW_IDS[0], 'A'.repeat(32), now], 40_000],
  [
    'sharing a room with many variants of a reply',
    'share_create',
    [userId(1 + VARIANTS_ROOM), roomId(VARIANTS_ROOM), NEW_IDS[0], 'A'.repeat(32), now],
    1_500,
  ],
  ['reading a share of two thousand messages', 'share_read', [shareTokenOf(LONG_ROOM)], 8_500],
  ['reading a share of a short room', 'share_read', [shareTokenOf(1_000)], 60],
  ['revoking a share', 'share_revoke', [LONG_OWNER, LONG, shareTokenOf(LONG_ROOM)], 20],
  ['polling a reply', 'message_find', [LONG_OWNER, LONG, LONG_ROOM_REPLY], 20],
  [
    'asking how far replies have come',
    'message_progress',
    [
      [LONG, BACKLOG],
      [LONG_ROOM_REPLY, BACKLOG_HEAD],
    ],
    20,
  ],
  ['finding what a search has found', 'message_search_find', [[LONG], [LONG_ROOM_REPLY], LONG_OWNER], 20],
  [
    'listing many variants of a reply',
    'message_find_variants',
    [userId(1 + VARIANTS_ROOM), roomId(VARIANTS_ROOM), VARIANTS_QUESTION, 2_147_483_647, 51],
    150,
  ],
  [
    'regenerating the reply with many variants',
    'message_regenerate',
    [
      ...[userId(1 + VARIANTS_ROOM), roomId(VARIANTS_ROOM), now, today, catalogue],
      ...[LAST_VARIANT, NEW_IDS[0], false, null, null, ...ORIGIN],
    ],
    120,
  ],
  [
    'editing the question with many variants',
    'message_edit',
    [
      ...[userId(1 + VARIANTS_ROOM), roomId(VARIANTS_ROOM), now, today, catalogue],
      ...[VARIANTS_QUESTION, NEW_IDS[0], 'Anew', null, null, false, null, ...ORIGIN, NEW_IDS[1]],
    ],
    120,
  ],
  [
    'editing the question with many variants, with files',
    'message_edit_with_files',
    [
      ...[userId(1 + VARIANTS_ROOM), roomId(VARIANTS_ROOM), now, today, catalogue],
      ...[
        VARIANTS_QUESTION,
        NEW_IDS[0],
        'Anew',
        null,
        null,
        false,
        null,
        ...ORIGIN,
        NEW_IDS[1],
        filesOf(1 + VARIANTS_ROOM),
      ],
    ],
    220,
  ],
  [
    'forking a room at the reply with many variants',
    'chatroom_fork',
    [NEW_IDS[0], userId(1 + VARIANTS_ROOM), roomId(VARIANTS_ROOM), LAST_VARIANT, now, catalogue, 100],
    1_000,
  ],
  [
    'forking a room that is too long',
    'chatroom_fork',
    [NEW_IDS[0], LONG_OWNER, LONG, LONG_ROOM_REPLY, now, catalogue, 100],
    12_000,
  ],
  ['stopping a reply in a backlog', 'reply_cancel', [BACKLOG_OWNER, BACKLOG, BACKLOG_HEAD, now], 120],
  ['stopping all replies of a long room', 'reply_cancel_all', [LONG_OWNER, LONG, now, false], 30],
  ['sweeping a backlog', 'reply_sweep', [catalogue], 7_500],
  ['counting what is unanswered', 'reply_backlog_read', [catalogue], 10_500],
  // Counts as many rooms as the plan allows.
  [
    'opening one more of many rooms',
    'chatroom_create',
    [NEW_IDS[0], OWNER_OF_MANY, 'T', null, null, now, catalogue, ...NO_SETTINGS, 0],
    250,
  ],
  ['telling the version of a list of many rooms', 'chatroom_list_first_page_version', [OWNER_OF_MANY, false, 51], 80],
  ['listing many rooms', 'chatroom_list_first_page', [OWNER_OF_MANY, false, 51], 80],
  [
    'walking on through a list of many rooms',
    'chatroom_list_next_page',
    [OWNER_OF_MANY, false, 51, false, now, roomId(FIRST_OWN_ROOM + 5_000), now],
    80,
  ],
  ['what has changed in a list of many rooms', 'chatroom_list_changed', [OWNER_OF_MANY, false, now], 30],
  ['reading rooms that have moved', 'chatroom_list_moved', [OWNER_OF_MANY, false, 51, [roomId(FIRST_OWN_ROOM)]], 20],
  [
    'rotating a refresh token',
    'session_rotate',
    [Buffer.from('f'), Buffer.from('r'), Buffer.from('n'), Buffer.from('s'), now, now, null, null],
    20,
  ],
  ['reading ended sessions', 'session_recently_revoked', [60, 50_000], 60],
  ['reading the quota', 'quota_read', [LONG_OWNER, today, now, catalogue], 30],
  ['reading the status of a subscription', 'subscription_status', [LONG_OWNER, today, now, catalogue], 40],
  ['taking due work of billing', 'billing_take_due', [100], 2_000],
];
