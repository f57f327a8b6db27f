import 'reflect-metadata';
import { toMessageResponse } from './message.response.js';
import type { MessageRow } from './message.row.js';

const queued: MessageRow = {
  id: '01936b2e-7c3a-7b1e-9d54-3f0a5c1e8b20',
  chatroom_id: '01936b2d-11f0-7a3c-8e21-9a4b7c6d5e10',
  role: 'bot',
  status: 'queued',
  content: '',
  created_at: new Date('2026-11-23T09:30:00.000Z'),
  completed_at: null,
  reply_to: '01936b2e-7c39-7f02-a6d1-52c9e04b7a11',
  model: null,
  finish_reason: null,
  prompt_tokens: null,
  reply_tokens: null,
  error_code: null,
  error_detail: null,
};

describe('toMessageResponse', () => {
  it('shows a reply that waits with everything unknown as null', () => {
    expect(toMessageResponse(queued)).toEqual({
      id: queued.id,
      chatroomId: queued.chatroom_id,
      role: 'bot',
      content: '',
      status: 'queued',
      createdAt: '2026-11-23T09:30:00.000Z',
      completedAt: null,
      replyTo: queued.reply_to,
      model: null,
      finishReason: null,
      usage: null,
      error: null,
    });
  });

  it('shows a time that the driver has read as ISO 8601 as it is', () => {
    const time = '2026-11-23T09:30:00.000Z';
    expect(toMessageResponse({ ...queued, created_at: time, completed_at: time })).toMatchObject({
      createdAt: time,
      completedAt: time,
    });
  });

  it('shows usage once the model reported it, even of an answer without tokens', () => {
    expect(toMessageResponse({ ...queued, prompt_tokens: 12, reply_tokens: 0 }).usage).toEqual({
      promptTokens: 12,
      replyTokens: 0,
    });
    expect(toMessageResponse({ ...queued, prompt_tokens: 12 }).usage).toEqual({ promptTokens: 12, replyTokens: 0 });
  });

  it('shows the stored code and sentence of an error', () => {
    const row: MessageRow = {
      ...queued,
      status: 'failed',
      content: 'Half an ans',
      error_code: 'timed_out',
      error_detail: 'The model did not answer in time.',
    };
    expect(toMessageResponse(row)).toMatchObject({
      status: 'failed',
      content: 'Half an ans',
      error: { code: 'timed_out', detail: 'The model did not answer in time.' },
    });
  });
});
