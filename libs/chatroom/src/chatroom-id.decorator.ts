import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import { ApiParam } from '@nestjs/swagger';
import { isUUID } from 'class-validator';
import type { FastifyRequest } from 'fastify';
import { ChatroomNotFoundError } from './chatroom.errors.js';

const documented = ApiParam({
  name: 'chatroomId',
  schema: { type: 'string', format: 'uuid' },
  example: '01936b2d-11f0-7a3c-8e21-9a4b7c6d5e10',
});

/** The room that the path names. What cannot be an id is told from a room that isn't there no more than a stranger's. */
export const ChatroomId = createParamDecorator(
  (_: unknown, context: ExecutionContext): string => {
    const { chatroomId } = context
      .switchToHttp()
      .getRequest<FastifyRequest<{ Params: { chatroomId: string } }>>().params;
    if (!isUUID(chatroomId)) throw new ChatroomNotFoundError();
    return chatroomId;
  },
  [
    (controller, method) => {
      const handler = method === undefined ? undefined : Object.getOwnPropertyDescriptor(controller, method);
      if (method !== undefined && handler !== undefined) documented(controller, method, handler);
    },
  ],
);
