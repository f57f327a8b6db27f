import 'reflect-metadata';
import type { ArgumentMetadata } from '@nestjs/common';
import { Type } from 'class-transformer';
import { IsString, MaxLength, ValidateNested } from 'class-validator';
import { uuidv7 } from '../ids/uuid.js';
import { PageQuery } from '../page/page.query.js';
import { RequestValidationPipe } from './request-validation.pipe.js';

class Address {
  @IsString()
  street!: string;
}

class Order {
  @IsString()
  @MaxLength(5)
  title!: string;

  @ValidateNested({ each: true })
  @Type(() => Address)
  addresses: Address[] = [];
}

const pipe = new RequestValidationPipe();
const body: ArgumentMetadata = { type: 'body', metatype: Order };
const query: ArgumentMetadata = { type: 'query', metatype: PageQuery };
const problem = (value: unknown, metadata: ArgumentMetadata) =>
  pipe.transform(value, metadata).then(
    () => 'accepted',
    (error: unknown) => error,
  );

describe('a request body', () => {
  it('becomes its class', async () => {
    await expect(pipe.transform({ title: 'abc' }, body)).resolves.toBeInstanceOf(Order);
  });

  it('is told every pointer that is wrong, nested ones too, without the values', async () => {
    const sent = { title: 'far too long', addresses: [{ street: 'a' }, { street: 4711 }], 'a/b~c': 'hunter2' };
    const error = await problem(sent, body);
    expect(error).toMatchObject({
      code: 'validation_failed',
      errors: expect.arrayContaining([
        { pointer: '/title', detail: expect.stringContaining('5') },
        { pointer: '/addresses/1/street', detail: 'street must be a string' },
        { pointer: '/a~1b~0c', detail: 'is not known here' },
      ]),
    });
    expect(JSON.stringify(error)).not.toMatch(/hunter2|far too long|4711/);
  });

  it.each([[null], [[]], ['text'], [7], [true]])('that is %j is not an object', async (value) => {
    expect(await problem(value, body)).toMatchObject({ errors: [{ pointer: '', detail: 'must be a JSON object' }] });
  });

  it.each(['constructor', 'toString', 'valueOf', 'hasOwnProperty', '__defineGetter__'])(
    'with the name %s, which every object has, is refused like one with any unknown name',
    async (name) => {
      const errors = [{ pointer: `/${name}`, detail: 'is not known here' }];
      expect(await problem({ title: 'abc', [name]: 1 }, body)).toMatchObject({ errors });
      expect(await problem({ [name]: '1' }, query)).toMatchObject({ errors });
    },
  );

  it('that is nested without end is refused before it exhausts the stack', async () => {
    const deep = JSON.parse(`${'['.repeat(50_000)}${']'.repeat(50_000)}`) as unknown;
    expect(await problem({ title: deep }, body)).toMatchObject({
      errors: [{ pointer: '', detail: 'is nested too deeply' }],
    });
  });

  it('with more properties than any request has is refused before they are compared', async () => {
    const many = Object.fromEntries(Array.from({ length: 30_000 }, (_, index) => [`k${index}`, 1]));
    for (const sent of [many, { title: many }, { title: 'abc', addresses: [many] }]) {
      expect(await problem(sent, body)).toMatchObject({ errors: [{ pointer: '', detail: 'has too many properties' }] });
    }
  });

  it('that is missing lacks its properties', async () => {
    expect(await problem(undefined, body)).toMatchObject({
      errors: [{ pointer: '/title', detail: 'is required' }],
    });
  });
});

describe('a page query', () => {
  it('counts in numbers and has a default', async () => {
    await expect(pipe.transform({ limit: '7' }, query)).resolves.toEqual({ limit: 7 });
    await expect(pipe.transform({}, query)).resolves.toEqual({ limit: 50 });
  });

  it.each([
    '0',
    '101',
    '1.5',
    '',
    'x',
    ['1', '2'],
    '1e1',
    '0x10',
    '0b1',
    ' 5',
    '5 ',
    '5.0',
    '+5',
    '-5',
    '05',
    '٥',
    '５',
  ])('refuses limit=%j', async (limit) => {
    expect(await problem({ limit }, query)).toMatchObject({
      errors: expect.arrayContaining([expect.objectContaining({ pointer: '/limit' })]),
    });
  });
});

describe('a path parameter', () => {
  const param: ArgumentMetadata = { type: 'param', data: 'id', metatype: String };

  it('is an id', async () => {
    const id = uuidv7();
    await expect(pipe.transform(id, param)).resolves.toBe(id);
  });

  it('is one in capitals, too, as some clients write it', async () => {
    const id = uuidv7();
    await expect(pipe.transform(id.toUpperCase(), param)).resolves.toBe(id);
  });

  it.each(['1', "' OR 1=1", `${uuidv7()}x`, ''])('that is no id (%j) names nothing', async (value) => {
    await expect(pipe.transform(value, param)).resolves.toBe('00000000-0000-0000-0000-000000000000');
  });
});
