import type { QueueContract } from '@app/contracts';
import type { Attributes } from '@opentelemetry/api';

/** A job in a span, by OpenTelemetry's conventions for messaging. @param jobId unknown where no job led to the work */
export function queueAttributes({ queue }: QueueContract, operation: 'send' | 'process', jobId?: string): Attributes {
  return {
    'messaging.system': 'bullmq',
    'messaging.destination.name': queue,
    'messaging.operation.type': operation,
    'messaging.operation.name': operation,
    ...(jobId !== undefined && { 'messaging.message.id': jobId }),
  };
}
