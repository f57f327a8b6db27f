import { REPLY_QUEUE } from '@app/contracts';
import { ReplyCompletionService, ReplyJobsService } from '@app/chatroom';
import {
  MessageStore,
  ReplyCancellationService,
  ReplyCancellationStore,
  ReplyLogStore,
  ReplySignalService,
  RoomDeletionService,
  RoomDeletionStore,
  ReplyOrderStore,
} from '@app/chatroom/testing';
import { type Clock, type Database, QUEUE_PREFIX, RedisClient, RedisConfig, RedisSubscriber } from '@app/platform';
import { Queue } from 'bullmq';
import { Redis } from 'ioredis';
import { withLongTimeout } from '../deployments/redis-connections.js';
import { eventually } from '../eventually.js';
import { testRedis } from '../services.js';

/** Deletes rooms as an API process does. To be stopped. */
export interface RoomDeletion {
  deletion: RoomDeletionService;
  log: ReplyLogStore;
  /** Sends what the product has no need of. */
  redis: Redis;
  stop: () => Promise<void>;
}

/** Starts what deleting rooms takes, with a Redis of its own. */
export async function startRoomDeletion(database: Database, clock: Clock): Promise<RoomDeletion> {
  const { host, port, db } = await testRedis();
  const config = Object.assign(new RedisConfig(), { REDIS_HOST: host, REDIS_PORT: port, REDIS_DB: db });
  const redis = withLongTimeout(new RedisClient(config));
  await eventually(() => redis.status === 'ready');
  const raw = new Redis({ host, port, db });
  const subscriber = new RedisSubscriber(config);
  const queue = new Queue(REPLY_QUEUE.queue, { connection: { host, port, db }, prefix: QUEUE_PREFIX });
  const messages = new MessageStore(database);
  const signals = new ReplySignalService(messages, subscriber);
  const log = new ReplyLogStore(redis);
  const jobs = new ReplyJobsService(queue, { isDown: false });
  const completion = new ReplyCompletionService(new ReplyOrderStore(database), log, jobs);
  const store = new ReplyCancellationStore(database, clock);
  const cancellation = new ReplyCancellationService(store, messages, signals, completion, log, redis);
  subscriber.onApplicationBootstrap();
  signals.onApplicationBootstrap();
  const stop = async (): Promise<void> => {
    signals.onApplicationShutdown();
    subscriber.onApplicationShutdown();
    await queue.close();
    redis.disconnect();
    raw.disconnect();
  };
  return {
    deletion: new RoomDeletionService(new RoomDeletionStore(database, store, clock), cancellation, log),
    log,
    redis: raw,
    stop,
  };
}
