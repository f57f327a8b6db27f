import { jsonToChatroomResponse } from './chatroom.row.js';

describe('jsonToChatroomResponse', () => {
  it("shows the times in PostgreSQL's JSON as ISO 8601", () => {
    const room = { id: 'r', createdAt: '2026-11-23T09:30:00+00:00', updatedAt: '2026-11-23T09:30:00.12+00:00' };
    expect(jsonToChatroomResponse(JSON.stringify({ ...room, lastMessageAt: null }))).toEqual({
      id: 'r',
      createdAt: '2026-11-23T09:30:00.000Z',
      updatedAt: '2026-11-23T09:30:00.120Z',
      lastMessageAt: null,
    });
  });
});
