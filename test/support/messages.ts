import type { Message, SubscriptionStatus } from '@gemini-chat/client';
import { eventually } from './eventually.js';
import type { HttpClient } from './http/http-client.js';
import type { Stack } from './stack.js';

export type { Message };

/** What sending answers. */
export interface Accepted {
  message: Message;
  reply: Message;
}

/** Opens a room with a title, so that the model isn't asked for one. */
export async function openRoom(http: HttpClient, more: object = {}): Promise<string> {
  const { status, body } = await http.post<{ id: string }>('/chatroom', { title: 'A room', ...more });
  if (status !== 201) throw new Error(`POST /chatroom answered ${status}: ${JSON.stringify(body)}`);
  return body.id;
}

/** Sends a message that has to be accepted. */
export async function send(http: HttpClient, room: string, content: string): Promise<Accepted> {
  const { status, body } = await http.post<Accepted>(`/chatroom/${room}/message`, { content });
  if (status !== 202) throw new Error(`Sending answered ${status}: ${JSON.stringify(body)}`);
  return body;
}

/** The reply as it is now. */
export async function read(http: HttpClient, { chatroomId, id }: Message): Promise<Message> {
  return (await http.get<Message>(`/chatroom/${chatroomId}/message/${id}`)).body;
}

/** Polls a reply until it has its final state, which lasts: more rarely the longer it takes. */
export async function outcome(http: HttpClient, reply: Message, withinMs = 30_000): Promise<Message> {
  const finished = async (): Promise<Message> => {
    const now = await read(http, reply);
    if (now.completedAt === null) throw new Error(`The reply is still ${now.status}`);
    return now;
  };
  return eventually(finished, { withinMs, everyMs: (waitedMs) => Math.min(50 + waitedMs / 20, 500) });
}

/** Today's quota as the API shows it. */
export async function quotaOf(http: HttpClient): Promise<SubscriptionStatus['quota']> {
  return (await http.get<SubscriptionStatus>('/subscription/status')).body.quota;
}

/** One behaviour of the sandbox's Gemini, see apps/sandbox/README.md. */
export type Behaviour = { type: string } & Record<string, unknown>;

/** Scripts the sandbox's answers to one exact prompt. */
export async function script(stack: Stack, promptIs: string, behaviours: Behaviour[], times?: number): Promise<void> {
  const body = { match: { promptIs }, behaviours, ...(times === undefined ? {} : { times }) };
  const answer = await stack.http.at(stack.sandboxUrl).post('/control/gemini/rules', body);
  if (answer.status !== 201) throw new Error(`The sandbox answered ${answer.status}: ${JSON.stringify(answer.body)}`);
}

/** One call that the sandbox's Gemini received. */
export interface ModelCall {
  contents: { role: string; parts: { text: string }[] }[];
  systemInstruction: unknown;
  generationConfig: { maxOutputTokens?: number; temperature?: number; thinkingConfig?: object } | null;
  /** Whether it may search the web. */
  search: boolean;
  model: string;
  prompt: string;
  status: number | null;
  receivedAt: string;
  endedAt: string | null;
  outcome: 'open' | 'completed' | 'aborted';
}

/** The calls for an answer to one exact prompt. */
export async function callsFor(stack: Stack, promptIs: string): Promise<ModelCall[]> {
  const query = new URLSearchParams({ promptIs, method: 'streamGenerateContent' });
  const answer = await stack.http
    .at(stack.sandboxUrl)
    .get<{ items: ModelCall[] }>(`/control/gemini/requests?${query.toString()}`);
  return answer.body.items;
}
