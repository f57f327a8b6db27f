import { ApiExtraModels, ApiProperty, ApiPropertyOptional, ApiSchema, getSchemaPath, PickType } from '@nestjs/swagger';
import { MessageResponse } from '../messages/message.response.js';

const eventName = (name: string) => ({ type: 'string', enum: [name], example: name }) as const;

const eventId = (example: string) =>
  ({ type: 'string', description: 'To go on behind this event, send it as `Last-Event-ID`.', example }) as const;

/** More text of the reply. */
class DeltaData {
  @ApiProperty({ type: 'string', description: 'To be appended to the text so far.', example: 'Because the' })
  text!: string;
}

/** More of the thoughts. */
class ThoughtData {
  @ApiProperty({ type: 'string', description: 'To be appended to the thoughts so far.', example: 'The user asks' })
  text!: string;
}

/** What the reply is founded on, as the message has it. */
class SourcesData extends PickType(MessageResponse, ['sources', 'searchQueries']) {}

/** Says nothing further. */
class ResetData {}

/** What was accepted. */
class AcceptedData {
  @ApiPropertyOptional({ type: MessageResponse })
  message?: MessageResponse;

  @ApiProperty({ type: MessageResponse })
  reply!: MessageResponse;
}

/** The first event where the request itself has led to the reply. */
@ApiSchema({
  description:
    'The first event of `sendMessageAndStream` and `regenerateReplyAndStream`. The latter has no `message`: there is no new one.',
})
class AcceptedEvent {
  @ApiProperty(eventName('accepted'))
  event!: 'accepted';

  @ApiProperty(eventId('0-0-3f0a5c1e8b20'))
  id!: string;

  @ApiProperty({ type: AcceptedData })
  data!: AcceptedData;
}

/** The reply goes on. */
@ApiSchema({ description: 'The reply goes on: append the text.' })
class DeltaEvent {
  @ApiProperty(eventName('delta'))
  event!: 'delta';

  @ApiProperty(eventId('1-11-3f0a5c1e8b20'))
  id!: string;

  @ApiProperty({ type: DeltaData })
  data!: DeltaData;
}

/** The model tells of its thoughts. */
@ApiSchema({
  description:
    "The model tells of its thoughts, where the room's `showThoughts` is on: append the text to `thoughts`, which are no part of `content`. " +
    'It may come before, between and after deltas.',
})
class ThoughtEvent {
  @ApiProperty(eventName('thought'))
  event!: 'thought';

  @ApiProperty(eventId('1-0.13-3f0a5c1e8b20'))
  id!: string;

  @ApiProperty({ type: ThoughtData })
  data!: ThoughtData;
}

/** What the reply is founded on. */
@ApiSchema({ description: 'What the reply is founded on, right before `done`, where the model searched.' })
class SourcesEvent {
  @ApiProperty(eventName('sources'))
  event!: 'sources';

  @ApiProperty(eventId('1-45-3f0a5c1e8b20'))
  id!: string;

  @ApiProperty({ type: SourcesData })
  data!: SourcesData;
}

/** A fresh attempt begins, or the reader's position is not known any more. */
@ApiSchema({ description: 'Forget text, thoughts and sources so far: a fresh attempt begins.' })
class ResetEvent {
  @ApiProperty(eventName('reset'))
  event!: 'reset';

  @ApiProperty(eventId('2-0-3f0a5c1e8b20'))
  id!: string;

  @ApiProperty({ type: ResetData })
  data!: ResetData;
}

/** The last event. */
@ApiSchema({ description: 'The last event: the reply in its final state. Reconnecting behind it is answered 204.' })
class DoneEvent {
  @ApiProperty(eventName('done'))
  event!: 'done';

  @ApiProperty(eventId('done-3f0a5c1e8b20'))
  id!: string;

  @ApiProperty({ type: MessageResponse })
  data!: MessageResponse;
}

const EVENTS = {
  ...{ accepted: AcceptedEvent, delta: DeltaEvent, thought: ThoughtEvent },
  ...{ reset: ResetEvent, sources: SourcesEvent, done: DoneEvent },
};

/** Adds the schemas of all events to the document. */
export const ApiReplyEvents = (): ClassDecorator => ApiExtraModels(...Object.values(EVENTS));

/**
 * Any event of a stream, as a parser of server-sent events gives it, with its data parsed: the JSON itself doesn't say which
 * event it belongs to. The document names the schema by its title.
 */
export const REPLY_STREAM_EVENT = {
  title: 'ReplyStreamEvent',
  description:
    'One event of the stream, as a parser of server-sent events gives it, with `data` parsed as JSON. Events may be added: ignore ' +
    'those that you do not know.',
  oneOf: Object.values(EVENTS).map((event) => ({ $ref: getSchemaPath(event) })),
  discriminator: {
    propertyName: 'event',
    mapping: Object.fromEntries(Object.entries(EVENTS).map(([name, event]) => [name, getSchemaPath(event)])),
  },
};
