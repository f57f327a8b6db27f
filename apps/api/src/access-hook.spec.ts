import 'reflect-metadata';
import { AccessService, Public, RequestTurnsService } from '@app/auth';
import { Controller, type ExecutionContext, Get, Post, type Type, UnauthorizedException } from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import { Test } from '@nestjs/testing';
import { controlAccess } from './access-hook.js';

@Controller('closed')
class ClosedController {
  @Get()
  read(): string {
    return 'secret';
  }

  @Get('opened')
  @Public()
  opened(): string {
    return 'public';
  }

  @Post()
  write(): string {
    return 'written';
  }
}

@Public()
@Controller('public')
class PublicController {
  @Get()
  all(): string {
    return 'public';
  }
}

/** Lets in by the decorators alone, as the guards do when there is no token. */
const access = {
  admit: (context: ExecutionContext) =>
    new Reflector().getAllAndOverride(Public, [context.getHandler(), context.getClass()]) === true
      ? Promise.resolve()
      : Promise.reject(new UnauthorizedException()),
  count: () => Promise.resolve(),
};

async function create(...controllers: Type[]): Promise<NestFastifyApplication> {
  const module = await Test.createTestingModule({
    controllers,
    providers: [{ provide: AccessService, useValue: access }, RequestTurnsService],
  }).compile();
  return module.createNestApplication<NestFastifyApplication>(new FastifyAdapter());
}

describe('without a token', () => {
  let app: NestFastifyApplication;
  const statusOf = async (method: 'GET' | 'POST', url: string, payload?: string) =>
    (await app.inject({ method, url, payload, headers: { 'content-type': 'application/json' } })).statusCode;

  beforeAll(async () => {
    app = await create(ClosedController, PublicController);
    controlAccess(app, 1_000);
    const fastify = app.getHttpAdapter().getInstance();
    fastify.get('/unlisted', () => 'secret');
    fastify.get('/open', { config: { open: true } }, () => 'public');
    await app.init();
  });
  afterAll(() => app.close());

  it.each<[number, 'GET' | 'POST', string]>([
    [200, 'GET', '/public'],
    [200, 'GET', '/closed/opened'],
    [200, 'GET', '/open'],
    [401, 'GET', '/closed'],
    [401, 'POST', '/closed'],
    [401, 'GET', '/unlisted'],
    [404, 'GET', '/nowhere'],
  ])('%i is answered to %s %s', async (status, method, url) => {
    expect(await statusOf(method, url)).toBe(status);
  });

  it('a body is not parsed', async () => {
    expect(await statusOf('POST', '/closed', '{"broken')).toBe(401);
  });
});

it('a method that two controllers share is refused, since their decorators may differ', async () => {
  class Shared {
    @Get('shared')
    shared(): string {
      return 'shared';
    }
  }
  @Controller('first')
  class First extends Shared {}
  @Public()
  @Controller('second')
  class Second extends Shared {}
  const app = await create(First, Second);
  expect(() => controlAccess(app, 1_000)).toThrow('Second.shared is also a method of First');
});
