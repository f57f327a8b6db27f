import { Global, Module } from '@nestjs/common';
import { RedisClient } from './redis.client.js';
import { RedisSubscriber } from './redis.subscriber.js';

/** Redis for the whole process: one connection for commands, one for channels. */
@Global()
@Module({ providers: [RedisClient, RedisSubscriber], exports: [RedisClient, RedisSubscriber] })
export class RedisModule {}
