import type { ChatFile } from '@gemini-chat/client';
import { JSDOM } from 'jsdom';

const { sessionStorage } = new JSDOM('', { url: 'http://localhost' }).window;

it('forgets at a logout what was written and refused, with its files, and nothing else', async () => {
  globalThis.sessionStorage = sessionStorage;
  const { forgetDrafts, keepDraft, keepDraftFiles, keepEdit, keepUnsent } = await import('./drafts.js');
  const file = { id: 'f' } as ChatFile;
  keepDraft('r', 'Begun');
  keepDraftFiles('r', [file]);
  keepUnsent('r', 'Refused', [file]);
  keepEdit('r', { id: 'm', text: 'Changed' });
  sessionStorage.setItem('other', 'kept');
  expect(sessionStorage).toHaveLength(6);
  forgetDrafts();
  expect(Object.keys(sessionStorage)).toEqual(['other']);
});
