import { isChatError } from '@gemini-chat/client';

const SESSION_ENDED = 'Your session has ended. Log in again.';

/** What a code means to the person who sees it. What isn't here is said in the API's own words. */
const TEXTS: Record<string, string> = {
  connection: 'The API could not be reached. Check that it runs, and try again.',
  timeout: 'That took too long. Try again.',
  otp_invalid: 'This code is wrong or no longer valid. Check it, or ask for another one.',
  unauthenticated: SESSION_ENDED,
  refresh_token_reused: SESSION_ENDED,
  daily_quota_exceeded: 'Today’s messages are used up.',
  too_many_chatrooms: 'Your plan has no more chatrooms. Delete one that you don’t need.',
  nothing_to_share: 'There is nothing in this chat to share yet.',
  too_many_shares: 'This chat has as many links as it may have. End one that no one needs.',
  share_not_found: 'This link shows nothing any more.',
  model_not_in_plan: 'This model is not part of your plan.',
  already_subscribed: 'You are already subscribed.',
  payment_provider_unavailable:
    'The payment provider can’t be reached at the moment. Nothing was charged; try again soon.',
  too_many_searches: 'Two searches are running already. Wait for one of them to end.',
  maintenance: 'The service is under maintenance. Nothing is lost.',
  file_too_large: 'This file is larger than your plan allows. Attach a smaller one.',
  file_type_not_supported: 'Files of this kind can’t be attached: images, PDFs, texts and sounds can.',
  storage_full:
    'Your files take all the space of your plan. Delete chats with files that you don’t need, and upload this one again a minute later.',
  file_not_found: 'A file of this message no longer exists. Attach it again.',
  file_in_use: 'A message has this file; it is deleted with the message.',
  model_cannot_take_file:
    'The model of this chat does not take one of these files. Choose another in the chat’s settings, or ask without that file.',
  export_in_progress: 'An export is running already.',
  not_found: 'It no longer exists.',
};

/** Why something failed, in words. */
export function errorText(error: unknown): string {
  if (!isChatError(error)) return 'Something went wrong in this page. Reload it, and try again.';
  const [field] = error.fields;
  if (error.code === 'validation_failed' && field !== undefined) {
    return field.pointer === '/files' ? `A message ${field.detail}.` : field.detail;
  }
  const text = TEXTS[error.code] ?? error.message;
  const tellsWhen = error.status === 429 || error.code === 'maintenance';
  return tellsWhen && error.retryAfter !== null && error.code !== 'daily_quota_exceeded'
    ? `${text} Try again in ${waitText(error.retryAfter)}.`
    : text;
}

/** A time to wait, in words. @param seconds as a whole number */
export function waitText(seconds: number): string {
  if (seconds < 90) return seconds === 1 ? 'a second' : `${Math.max(seconds, 0)} seconds`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} minutes`;
  return `${Math.round(minutes / 60)} hours`;
}
