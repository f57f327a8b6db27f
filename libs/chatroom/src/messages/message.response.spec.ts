import 'reflect-metadata';
import { isoToMessageResponse, toMessageResponse } from './message.response.js';
import type { MessageRow } from './message.row.js';

const queued: MessageRow = {
  id: '01936b2e-7c3a-7b1e-9d54-3f0a5c1e8b20',
  chatroomId: '01936b2d-11f0-7a3c-8e21-9a4b7c6d5e10',
  role: 'bot',
  status: 'queued',
  content: '',
  createdAt: new Date('2026-11-23T09:30:00.000Z'),
  completedAt: null,
  replyTo: '01936b2e-7c39-7f02-a6d1-52c9e04b7a11',
  model: null,
  finishReason: null,
  promptTokens: null,
  cachedTokens: null,
  thoughtTokens: null,
  replyTokens: null,
  errorCode: null,
  errorDetail: null,
  feedback: null,
  files: null,
  thoughts: null,
  grounding: null,
};

describe('toMessageResponse', () => {
  it('shows a reply that waits with everything unknown as null', () => {
    expect(toMessageResponse(queued)).toEqual({
      id: queued.id,
      chatroomId: queued.chatroomId,
      role: 'bot',
      content: '',
      status: 'queued',
      createdAt: '2026-11-23T09:30:00.000Z',
      completedAt: null,
      replyTo: queued.replyTo,
      model: null,
      finishReason: null,
      usage: null,
      error: null,
      feedback: null,
      files: [],
      thoughts: null,
      sources: [],
      searchQueries: [],
    });
  });

  it('shows times that were read as ISO 8601 as they are', () => {
    const [createdAt, completedAt] = ['2026-11-23T09:30:00.000Z', '2026-11-23T09:30:00.120Z'];
    expect(isoToMessageResponse({ ...queued, createdAt, completedAt })).toMatchObject({ createdAt, completedAt });
  });

  it('shows usage once the model reported it, even of an answer without tokens', () => {
    expect(toMessageResponse({ ...queued, promptTokens: 12, replyTokens: 0 }).usage).toEqual({
      promptTokens: 12,
      cachedTokens: 0,
      thoughtTokens: 0,
      replyTokens: 0,
    });
    expect(toMessageResponse({ ...queued, promptTokens: 12 }).usage).toEqual({
      promptTokens: 12,
      cachedTokens: 0,
      thoughtTokens: 0,
      replyTokens: 0,
    });
  });

  it('shows the stored code and sentence of an error', () => {
    const row: MessageRow = {
      ...queued,
      status: 'failed',
      content: 'Half an ans',
      errorCode: 'timed_out',
      errorDetail: 'The model did not answer in time.',
    };
    expect(toMessageResponse(row)).toMatchObject({
      status: 'failed',
      content: 'Half an ans',
      error: { code: 'timed_out', detail: 'The model did not answer in time.' },
    });
  });
});
