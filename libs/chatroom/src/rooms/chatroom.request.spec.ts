import 'reflect-metadata';
import { RequestValidationPipe, ValidationFailedError } from '@app/platform';
import type { Type } from '@nestjs/common';
import fc from 'fast-check';
import { CreateChatroomRequest, ListChatroomsQuery, UpdateChatroomRequest } from './chatroom.request.js';
import { SearchQuery } from '../search/search.request.js';

const pipe = new RequestValidationPipe();

const read = <T extends object>(metatype: Type<T>, type: 'body' | 'query', value: unknown): Promise<T> =>
  pipe.transform(value, { type, metatype }) as Promise<T>;

async function pointersOf(metatype: Type<object>, type: 'body' | 'query', value: unknown): Promise<string[]> {
  const error: unknown = await read(metatype, type, value).catch((thrown: unknown) => thrown);
  return error instanceof ValidationFailedError ? error.errors.map(({ pointer }) => pointer) : [];
}

const SETTINGS: [string, Type<object>][] = [
  ['opened', CreateChatroomRequest],
  ['changed', UpdateChatroomRequest],
];

describe.each(SETTINGS)('a room that is %s', (_, request) => {
  it.each([
    ['an empty title', '/title', ''],
    ['a blank title', '/title', '  \n '],
    ['a title of more than 200 characters', '/title', 'x'.repeat(201)],
    ['a title with NUL in it', '/title', 'a\0b'],
    ['a title that is a number', '/title', 7],
    ['a title that is a list', '/title', ['x']],
    ['an instruction of more than 8,000 characters', '/systemInstruction', 'x'.repeat(8_001)],
    ['an instruction with NUL in it', '/systemInstruction', 'a\0b'],
    ['an instruction that is an object', '/systemInstruction', { text: 'x' }],
    ['a model with its kind in front', '/model', 'models/gemini-flash-latest'],
    ['a model that leads out of its folder', '/model', '../gemini'],
    ['a model in capitals', '/model', 'Gemini'],
    ['an empty model', '/model', ''],
    ['a model of more than 100 characters', '/model', 'g'.repeat(101)],
    ['a model that is a flag', '/model', true],
    ['thinking of a kind that there is not', '/thinking', 'medium'],
    ['thinking that is a flag', '/thinking', true],
    ['a temperature below zero', '/temperature', -0.1],
    ['a temperature above two', '/temperature', 2.01],
    ['a temperature that is a text', '/temperature', '1'],
    ['a limit of no tokens', '/maxOutputTokens', 0],
    ['a limit of half a token', '/maxOutputTokens', 1.5],
    ['a limit beyond all models', '/maxOutputTokens', 1_000_001],
    ['a flag that is a word', '/pinned', 'yes'],
    ['a flag that is null', '/pinned', null],
    ['what no room has', '/owner', 'me'],
  ])('cannot have %s', async (_name, pointer, value) => {
    const pointers = await pointersOf(request, 'body', { [pointer.slice(1)]: value });
    expect(new Set(pointers)).toEqual(new Set([pointer]));
  });

  it('may have everything at its longest, counted in characters', async () => {
    const texts = { title: '🌤'.repeat(200), systemInstruction: '🌤'.repeat(8_000), model: 'g'.repeat(100) };
    const body = { ...texts, thinking: 'high', temperature: 2, maxOutputTokens: 1_000_000 };
    expect(await read(request, 'body', body)).toEqual(body);
  });

  it('may have nothing said about it', async () => {
    expect(await read(request, 'body', {})).toEqual({});
  });

  it('gets its title without the white space around it', async () => {
    expect(await read(request, 'body', { title: '  Skies \n' })).toEqual({ title: 'Skies' });
  });

  it('has no instruction when the instruction is blank', async () => {
    expect(await read(request, 'body', { systemInstruction: ' \n' })).toEqual({ systemInstruction: null });
  });

  it('accepts what was read of it before', async () => {
    const settings = { systemInstruction: null, model: null };
    expect(await read(request, 'body', settings)).toEqual(settings);
  });
});

describe.each(SETTINGS)('the title of a room that is %s', (_, request) => {
  it('is none where it is null', async () => {
    expect(await read(request, 'body', { title: null })).toEqual({ title: null });
  });
});

describe('the query of a list', () => {
  it('asks for the first 50 rooms that are not archived, unless it says otherwise', async () => {
    expect(await read(ListChatroomsQuery, 'query', {})).toEqual({ limit: 50, archived: false });
    expect(await read(ListChatroomsQuery, 'query', { limit: '7', archived: 'true', cursor: 'x' })).toEqual({
      limit: 7,
      archived: true,
      cursor: 'x',
    });
  });

  it.each([
    ['/limit', '0'],
    ['/limit', '101'],
    ['/limit', 'many'],
    ['/limit', ''],
    ['/archived', 'maybe'],
    ['/archived', ''],
    ['/archived', ['true', 'false']],
    ['/archived', 'toString'],
    ['/q', 'x'],
  ])('cannot have %s=%j', async (pointer, value) => {
    const pointers = await pointersOf(ListChatroomsQuery, 'query', { [pointer.slice(1)]: value });
    expect(new Set(pointers)).toEqual(new Set([pointer]));
  });
});

describe('the query of a search', () => {
  it.each([
    ['nothing', undefined],
    ['an empty text', ''],
    ['a blank text', '  '],
    ['more than 200 characters', 'x'.repeat(201)],
    ['NUL', 'a\0b'],
    ['two texts', ['a', 'b']],
  ])('cannot look for %s', async (_name, q) => {
    expect(new Set(await pointersOf(SearchQuery, 'query', { q }))).toEqual(new Set(['/q']));
  });

  it('may look for anything else', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 100 }), async (typed) => {
        fc.pre(typed.trim() !== '' && !typed.includes('\0'));
        expect((await read(SearchQuery, 'query', { q: typed })).q).toBe(typed.trim());
      }),
    );
  });
});
