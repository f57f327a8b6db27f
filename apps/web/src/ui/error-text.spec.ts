import { ChatError } from '@gemini-chat/client';
import { errorText, waitText } from './error-text.js';

const error = (code: ChatError['code'], status: number, more: Partial<ChatError> = {}) =>
  Object.assign(new ChatError(code, 'The API’s own words.', { status }), more);

describe('an error in words', () => {
  it('is what its code means, or what the API says', () => {
    expect(errorText(error('otp_invalid', 401))).toMatch(/wrong or no longer valid/);
    expect(errorText(error('capacity_reached', 503))).toBe('The API’s own words.');
    expect(errorText(new TypeError('x is undefined'))).toMatch(/in this page/);
  });

  it('says what is wrong with the files of a message', () => {
    expect(errorText(error('model_cannot_take_file', 422))).toMatch(/^The model of this chat does not take one of/);
    expect(errorText(error('file_not_found', 404))).toMatch(/Attach it again/);
    const fields = [{ pointer: '/files', detail: 'must have at most 5 files' }];
    expect(errorText(error('validation_failed', 400, { fields }))).toBe('A message must have at most 5 files.');
  });

  it('names the field that is wrong, and the time to wait', () => {
    const fields = [{ pointer: '/phone', detail: 'must be a phone number' }];
    expect(errorText(error('validation_failed', 400, { fields }))).toBe('must be a phone number');
    expect(errorText(error('rate_limited', 429, { retryAfter: 30 }))).toMatch(/Try again in 30 seconds\.$/);
    const closed = errorText(error('maintenance', 503, { retryAfter: 300 }));
    expect(closed).toBe('The service is under maintenance. Nothing is lost. Try again in 5 minutes.');
  });
});

describe('a time to wait', () => {
  it.each([
    [1, 'a second'],
    [45, '45 seconds'],
    [600, '10 minutes'],
    [50_400, '14 hours'],
  ])('of %d s is %s', (seconds, text) => expect(waitText(seconds)).toBe(text));
});
