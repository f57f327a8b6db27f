import 'reflect-metadata';
import { RequestValidationPipe, ValidationFailedError } from '@app/platform';
import { SendMessageRequest } from './message.request.js';

const read = (content: unknown): Promise<unknown> =>
  new RequestValidationPipe().transform({ content }, { type: 'body', metatype: SendMessageRequest });

describe('a message', () => {
  it.each([
    ['nothing', ''],
    ['white space alone', ' \n\t\u00a0'],
    ['NUL', '\0'],
    ['NUL in a text', 'a\0b'],
    ['no text', 7],
    // A pattern that tries every way to split this would be at it for minutes.
    ['NUL behind all that a body can hold', `${'a'.repeat(250_000)}\0`],
    ['white space for a whole body', ' '.repeat(250_000)],
  ])('that is or holds %s is refused', async (_, content) => {
    await expect(read(content)).rejects.toBeInstanceOf(ValidationFailedError);
  });

  it.each([['x'], [' x '], ['🌍'], ['x'.repeat(250_000)]])('like %j is taken', async (content) => {
    await expect(read(content)).resolves.toEqual({ content });
  });
});
