import type { ReplyEvent } from '../types.js';
import { growing } from './growing.js';

const source = { title: 'Sky', uri: 'https://sky.example/', ranges: [] };
const none = { content: '', thoughts: '', sources: [], searchQueries: [] };

describe('a reply that is shown while it is written', () => {
  it('has all text, thoughts and sources so far, and nothing after a reset', () => {
    const events: ReplyEvent[] = [
      { type: 'thought', text: 'Hm', snapshot: '', thoughts: 'Hm' },
      { type: 'delta', text: 'One', snapshot: 'One', thoughts: 'Hm' },
      { type: 'sources', sources: [source], searchQueries: ['sky'], snapshot: 'One', thoughts: 'Hm' },
      { type: 'delta', text: ' two', snapshot: 'One two', thoughts: 'Hm' },
    ];
    const shown = events.reduce(growing, none);
    expect(shown).toEqual({ content: 'One two', thoughts: 'Hm', sources: [source], searchQueries: ['sky'] });
    expect(growing(shown, { type: 'reset', snapshot: '', thoughts: '' })).toEqual(none);
  });

  it('stays until a reading that began anew has come as far', () => {
    const shown = { ...none, content: 'One two', thoughts: 'Hm, well' };
    const behind = growing(shown, { type: 'delta', text: 'One', snapshot: 'One', thoughts: 'Hm' });
    expect(behind).toEqual(shown);
    const further = { type: 'delta', text: '…', snapshot: 'One two three', thoughts: 'Hm, well, so' } as const;
    expect(growing(shown, further)).toMatchObject({ content: 'One two three', thoughts: 'Hm, well, so' });
    const other = growing(shown, { type: 'thought', text: 'x', snapshot: '', thoughts: 'Else' });
    expect(other).toMatchObject({ content: '', thoughts: 'Else' });
  });

  it('is all of one attempt: what another one had goes with its text or its thoughts', () => {
    const shown = { content: 'One two', thoughts: 'Hm', sources: [source], searchQueries: ['sky'] };
    const byText = growing(shown, { type: 'delta', text: 'Two', snapshot: 'Two', thoughts: '' });
    expect(byText).toEqual({ ...none, content: 'Two' });
    const byThoughts = growing(shown, { type: 'thought', text: 'So', snapshot: '', thoughts: 'So' });
    expect(byThoughts).toEqual({ ...none, thoughts: 'So' });
    const told = { sources: [], searchQueries: ['sea'] };
    const bySources = growing(shown, { type: 'sources', ...told, snapshot: 'Two', thoughts: '' });
    expect(bySources).toEqual({ ...told, content: 'Two', thoughts: '' });
  });
});
