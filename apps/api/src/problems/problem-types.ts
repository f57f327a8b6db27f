/** Whose fault a problem is, as its page says it. */
export const FAULTS = {
  request: "The request's: sent again unchanged, it gets the same answer.",
  state: 'No one’s: the request is fine, but does not fit what is there right now.',
  limit: 'The caller’s, by sending more than the limits allow. The request itself is fine.',
  service: 'Ours, or that of a service that we depend on. The request is fine.',
} as const;

/** What a problem's page says of it. */
export interface ProblemType {
  /** What it means, in plain sentences. */
  meaning: string;
  fault: keyof typeof FAULTS;
  /** What to do. */
  remedy: string;
}

const REQUESTS: Record<string, ProblemType> = {
  bad_request: {
    meaning:
      'The bytes that arrived are no request that HTTP allows: a malformed line or path, or no single Host header.',
    fault: 'request',
    remedy: 'Correct what detail names. A well-kept HTTP library does not send such requests.',
  },
  expectation_failed: {
    meaning: 'The Expect header asks for something other than 100-continue.',
    fault: 'request',
    remedy: 'Leave the header out, or send "Expect: 100-continue".',
  },
  malformed_json: {
    meaning: 'The body is not JSON in UTF-8.',
    fault: 'request',
    remedy: 'Send a JSON object. Let a library write it, rather than joining strings.',
  },
  method_not_allowed: {
    meaning: 'The path exists, but does not have this method.',
    fault: 'request',
    remedy: 'Use one of the methods in the Allow header.',
  },
  not_found: {
    meaning: 'There is nothing at this path.',
    fault: 'request',
    remedy: 'Compare the path with the description of the API at /docs.',
  },
  payload_too_large: {
    meaning: 'The body is larger than what is read.',
    fault: 'request',
    remedy: 'Send less. The longest message of a plan always fits.',
  },
  request_header_fields_too_large: {
    meaning: 'The headers together are larger than what is read.',
    fault: 'request',
    remedy: 'Send fewer or shorter headers; cookies are of no use here.',
  },
  request_timeout: {
    meaning: 'The request did not arrive whole in the time that it has.',
    fault: 'request',
    remedy: 'Send it again, over a better connection.',
  },
  unsupported_media_type: {
    meaning: 'The body is of another kind than the one that is taken: JSON in UTF-8, not compressed.',
    fault: 'request',
    remedy: 'Send it as "Content-Type: application/json", without Content-Encoding and without another charset.',
  },
  validation_failed: {
    meaning: 'The body or the query does not hold what it must, or holds what is not known here.',
    fault: 'request',
    remedy: 'Each entry of errors names one place by a JSON pointer, and what it should have been.',
  },
};

const AUTH: Record<string, ProblemType> = {
  otp_delivery_failed: {
    meaning: 'The message with the one-time code could not be handed over for sending.',
    fault: 'service',
    remedy: 'Ask for a code again; this try was not counted.',
  },
  otp_invalid: {
    meaning: 'The one-time code is wrong, expired, used up or unknown. Which of them is not told.',
    fault: 'request',
    remedy: 'Compare the digits with the newest message, or ask for a new code.',
  },
  otp_send_limited: {
    meaning: 'No further code can be sent to this number, or from this address, right now.',
    fault: 'limit',
    remedy: 'Wait for the seconds in Retry-After. A code that was sent before may still be valid.',
  },
  phone_country_not_allowed: {
    meaning: 'Codes are not sent to phone numbers of this country.',
    fault: 'request',
    remedy: 'Use a number of another country, or ask the operator of this service.',
  },
  rate_limited: {
    meaning: 'Too many requests of this kind came within the window of the limit.',
    fault: 'limit',
    remedy: 'Wait for the seconds in Retry-After. RateLimit and RateLimit-Policy say what is left, on every answer.',
  },
  refresh_token_reused: {
    meaning: 'A refresh token came a second time, so somebody else may have it: its session has been ended.',
    fault: 'request',
    remedy: 'Log in again. A client must store each new refresh token before it uses it, and use it once.',
  },
  session_not_found: {
    meaning: 'There is no such session, or it is not yours.',
    fault: 'request',
    remedy: 'List your sessions; it may have ended already.',
  },
  unauthenticated: {
    meaning: 'The request has no token, or one that is broken, expired or revoked.',
    fault: 'request',
    remedy: 'Exchange the refresh token at POST /auth/refresh for a new access token, or log in again.',
  },
};

const CHATROOMS: Record<string, ProblemType> = {
  chatroom_not_found: {
    meaning: 'There is no such chatroom, or it is not yours.',
    fault: 'request',
    remedy: 'List your chatrooms; it may have been deleted.',
  },
  idempotency_key_required: {
    meaning:
      'This route streams what it accepts, so it needs an Idempotency-Key: a client that reconnects must not send twice.',
    fault: 'request',
    remedy: 'Send a new Idempotency-Key with each message, and the same one when you reconnect.',
  },
  idempotency_key_reused: {
    meaning: 'This Idempotency-Key came before with another request.',
    fault: 'request',
    remedy: 'Make a new key for each message, and keep it only for repeating the same request.',
  },
  message_not_found: {
    meaning: 'There is no such message in this chatroom, or it is not yours.',
    fault: 'request',
    remedy: 'Read the chatroom; it may have been deleted.',
  },
  model_not_in_plan: {
    meaning: 'The model is on offer, but not in your plan.',
    fault: 'request',
    remedy: 'Choose one of those that GET /models shows as available, or another plan.',
  },
  not_a_reply: {
    meaning: 'The message is one of yours, and only replies take feedback.',
    fault: 'request',
    remedy: 'Give the id of the reply: its replyTo is the id of your message.',
  },
  not_latest_reply: {
    meaning: 'Only the latest reply of a chatroom can be regenerated, and this one is older.',
    fault: 'state',
    remedy: 'Regenerate the latest one, or send the question again.',
  },
  not_latest_message: {
    meaning: 'Only your latest message in a chatroom can be edited, and this one is older, or a reply.',
    fault: 'state',
    remedy: 'Edit the latest one, or fork the chatroom from the message before this one and ask there.',
  },
  conversation_too_long: {
    meaning: 'There is more before this message than a fork copies: 10,000 messages, or 16 MiB of text.',
    fault: 'state',
    remedy: 'Fork from an earlier message.',
  },
  reply_in_progress: {
    meaning: 'The reply, or one before it that is needed, is still being written.',
    fault: 'state',
    remedy: 'Wait for its end, or cancel it.',
  },
  nothing_to_share: {
    meaning: 'The chatroom has no message that a share would show: it is empty, or all of it was blocked.',
    fault: 'state',
    remedy: 'Share it once there is a conversation in it.',
  },
  share_not_found: {
    meaning: 'There is no such share, it was revoked, or its room or account is deleted. Which of them is not told.',
    fault: 'request',
    remedy: 'Ask who sent the link for another one.',
  },
  too_many_shares: {
    meaning: 'The chatroom has as many shares as a chatroom may have.',
    fault: 'state',
    remedy: 'Revoke shares that no one needs any more.',
  },
  too_many_chatrooms: {
    meaning: 'You have as many chatrooms as your plan allows.',
    fault: 'state',
    remedy: 'Delete chatrooms, or choose a plan with more.',
  },
  file_not_found: {
    meaning: 'There is no such file among yours. One that no message has is deleted after 24 hours.',
    fault: 'state',
    remedy: 'Upload it anew.',
  },
  model_cannot_take_file: {
    meaning: 'The model that would answer does not take files of this kind. Nothing was sent or charged.',
    fault: 'state',
    remedy:
      'Choose a model for the chatroom that takes it (`GET /models`, `files`), or send the message without the file.',
  },
  file_in_use: {
    meaning: 'A message has this file.',
    fault: 'state',
    remedy: 'Delete the chatroom that it is in, if you want it deleted.',
  },
  storage_full: {
    meaning: 'With this file you would have more bytes than your plan allows.',
    fault: 'state',
    remedy: 'Delete files or chatrooms with files, or choose a plan with more.',
  },
  file_too_large: {
    meaning: 'The file is larger than your plan allows.',
    fault: 'request',
    remedy: 'Send a smaller one, or choose a plan with more.',
  },
  file_type_not_supported: {
    meaning: 'By its content, whatever its name is, the file is of a kind that is not taken; or it is empty.',
    fault: 'request',
    remedy: 'Convert it to one of the kinds that the description of the upload names.',
  },
  range_not_satisfiable: {
    meaning: 'The file ends before the range that was asked for.',
    fault: 'request',
    remedy: 'Ask for a part of the size that Content-Range tells.',
  },
  too_many_uploads: {
    meaning: 'As many uploads of yours are under way as one person may have.',
    fault: 'limit',
    remedy: 'Wait for one to end before you begin another.',
  },
  too_many_downloads: {
    meaning: 'As many downloads of yours are under way as one person may have.',
    fault: 'limit',
    remedy: 'Wait for one to end before you begin another.',
  },
  export_in_progress: {
    meaning: 'An export of this account is being downloaded already.',
    fault: 'state',
    remedy: 'Wait for its end, or end that download; then ask again.',
  },
  too_many_exports: {
    meaning: 'Many people are downloading exports just now.',
    fault: 'service',
    remedy: 'Try again after the seconds in Retry-After.',
  },
  too_many_searches: {
    meaning: 'As many searches of yours are under way as one person may have.',
    fault: 'limit',
    remedy: 'Wait for their answers before you search again.',
  },
  search_unavailable: {
    meaning: 'Searching takes too long just now. Everything else goes on.',
    fault: 'service',
    remedy: 'Try again after the seconds in Retry-After, with longer words if possible.',
  },
  too_many_streams: {
    meaning: 'You have as many streams open as one person may have.',
    fault: 'limit',
    remedy: 'Close streams that no one reads, or poll the reply.',
  },
};

const SUBSCRIPTIONS: Record<string, ProblemType> = {
  already_subscribed: {
    meaning: 'You have a subscription already.',
    fault: 'state',
    remedy: 'Change or cancel it on the page that POST /subscription/portal leads to.',
  },
  capacity_reached: {
    meaning: 'Free use has reached what the operator of this service spends on it per day. Paid plans go on.',
    fault: 'service',
    remedy: 'Wait for the seconds in Retry-After, until the UTC day is over, or choose a paid plan.',
  },
  daily_quota_exceeded: {
    meaning: 'The messages that your plan has for this UTC day are used up.',
    fault: 'limit',
    remedy: 'Wait for the seconds in Retry-After, until the UTC day is over, or choose a plan with more.',
  },
  invalid_event: {
    meaning: 'The body of a webhook is signed as it should be, but holds no event of Stripe.',
    fault: 'request',
    remedy: 'Send events in the versions that docs/billing.md names. Users never meet this problem.',
  },
  invalid_signature: {
    meaning: 'The body of a webhook is not signed with the secret that we know, or too long ago.',
    fault: 'request',
    remedy: 'Compare the signing secret at Stripe with STRIPE_WEBHOOK_SECRET. Users never meet this problem.',
  },
  payment_provider_unavailable: {
    meaning: 'Stripe, which handles payments, is out of reach.',
    fault: 'service',
    remedy: 'Try again soon. Nothing has been charged.',
  },
  plan_not_found: {
    meaning: 'There is no such plan to buy.',
    fault: 'request',
    remedy: 'GET /plans shows which there are, and their prices.',
  },
};

const SERVICE: Record<string, ProblemType> = {
  internal_error: {
    meaning: 'Something went wrong on our side that we did not foresee.',
    fault: 'service',
    remedy: 'Try again. If it stays, tell the operator of this service the requestId.',
  },
  not_ready: {
    meaning: 'This process cannot serve requests right now. Load balancers ask for it.',
    fault: 'service',
    remedy: 'Send traffic to another process. The operators’ port says what is missing.',
  },
  maintenance: {
    meaning:
      'The operators have closed the service for a while. What was accepted before goes on, and nothing is lost.',
    fault: 'service',
    remedy: 'Try again after the seconds in Retry-After. Repeat a message under the same Idempotency-Key.',
  },
  service_unavailable: {
    meaning: 'Something that the answer needs is out of reach for the moment.',
    fault: 'service',
    remedy: 'Try again after the seconds in Retry-After. Repeat a message under the same Idempotency-Key.',
  },
  shutting_down: {
    meaning: 'This process is shutting down. Load balancers ask for it.',
    fault: 'service',
    remedy: 'Send traffic to another process.',
  },
};

/** Every code that a problem can have, with what its page says. */
export const PROBLEM_TYPES: ReadonlyMap<string, ProblemType> = new Map(
  Object.entries({ ...REQUESTS, ...AUTH, ...CHATROOMS, ...SUBSCRIPTIONS, ...SERVICE }).sort(([a], [b]) =>
    a < b ? -1 : 1,
  ),
);
