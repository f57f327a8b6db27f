import 'reflect-metadata';
import { IsInt, IsUUID } from 'class-validator';
import { uuidv7 } from '../ids/uuid.js';
import { ValidationFailedError } from '../problem/validation.errors.js';
import { decodeCursor, encodeCursor } from './cursor.js';

class Position {
  @IsInt()
  seq!: number;

  @IsUUID()
  id!: string;
}

describe('a cursor', () => {
  it('leads back to the position that it was made of', () => {
    const position = { seq: 7, id: uuidv7() };
    expect(decodeCursor(Position, encodeCursor(position))).toEqual(position);
  });

  it('is the beginning of the list when there is none', () => {
    expect(decodeCursor(Position, undefined)).toBeUndefined();
  });

  it.each([
    ['empty', ''],
    ['noise', 'not a cursor!'],
    ['JSON that is no object', Buffer.from('7').toString('base64url')],
    ['a list', Buffer.from('[]').toString('base64url')],
    ['of another list', encodeCursor({ title: 'x' })],
    ['a position with something added', encodeCursor({ seq: 7, id: uuidv7(), admin: true })],
    ['a position of the wrong type', encodeCursor({ seq: '7', id: uuidv7() })],
  ])('is refused with its pointer when it is %s', (_, cursor) => {
    let thrown: unknown;
    try {
      decodeCursor(Position, cursor);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(ValidationFailedError);
    expect((thrown as ValidationFailedError).errors).toEqual([expect.objectContaining({ pointer: '/cursor' })]);
  });
});
