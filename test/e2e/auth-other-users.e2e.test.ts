import { randomUUID } from 'node:crypto';
import { upload } from '../support/http/uploads.js';
import { type Answer, type HttpClient } from '../support/http/http-client.js';
import { logIn, type Person, signUpAndLogIn } from '../support/login.js';
import { type Accepted, openRoom, outcome, send } from '../support/messages.js';
import { makePro } from '../support/plan.js';
import { type Stack, startStack } from '../support/stack.js';

interface Schema {
  $ref?: string;
  properties?: Record<string, { example?: unknown }>;
}

interface Operation {
  security?: object[];
  requestBody?: { content: Record<string, { schema: Schema }> };
}

interface Description {
  paths: Record<string, Record<string, Operation>>;
  components: { schemas: Record<string, Schema> };
}

/** A call that the description knows. */
interface Route {
  method: string;
  path: string;
  /** An example of the body, if there is one. */
  body: object | undefined;
  isPublic: boolean;
}

/** Ids for the parameters of paths. */
type Ids = Record<'room' | 'message' | 'reply' | 'session' | 'share' | 'file', string>;

function routesOf({ paths, components }: Description): Route[] {
  const example = ({ requestBody }: Operation): object | undefined => {
    const schema = requestBody?.content['application/json']?.schema;
    const { properties } = schema?.$ref ? (components.schemas[schema.$ref.split('/').at(-1)!] ?? {}) : (schema ?? {});
    if (properties === undefined) return undefined;
    return Object.fromEntries(Object.entries(properties).map(([name, property]) => [name, property.example]));
  };
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item).map(([method, operation]) => ({
      method: method.toUpperCase(),
      path,
      body: example(operation),
      isPublic: operation.security?.length === 0,
    })),
  );
}

/** The path with these ids. A parameter that nothing is known of is a route that this test has to learn. */
function filled(path: string, { room, message, reply, session, share, file }: Ids): string {
  const owned: [string, string][] = [
    ['/auth/sessions/', session],
    ['/chatroom/', room],
    ['/file/', file],
  ];
  const id = owned.find(([prefix]) => path.startsWith(prefix))?.[1];
  // A plan is no one's own.
  const ids: Record<string, string | undefined> = { id, messageId: message, replyId: reply, token: share, plan: 'pro' };
  return path.replaceAll(/\{(\w+)\}/g, (_, name: string) => {
    const value = ids[name];
    if (value === undefined) throw new Error(`Whose id is {${name}} of ${path}?`);
    return value;
  });
}

/** A body whose ids are these. */
function withIdsOf(body: object, { message, file }: Ids): object {
  return {
    ...body,
    ...('messageId' in body && { messageId: message }),
    ...('files' in body && { files: [file] }),
  };
}

describe('what belongs to somebody else', () => {
  let stack: Stack;
  let routes: Route[];
  let victim: Person;
  let attacker: Person;
  let theirs: Ids;
  let mine: Ids;

  /** Everything that ids can be of, of one person. */
  const belongings = async (person: Person): Promise<Ids> => {
    const room = await openRoom(person.http);
    const { message, reply }: Accepted = await send(person.http, room, 'Mine alone');
    await outcome(person.http, reply);
    const { body } = await person.http.get<{ items: { id: string }[] }>('/auth/sessions');
    const { body: share } = await person.http.post<{ token: string }>(`/chatroom/${room}/share`);
    const file = (await upload(person.http, 'Mine alone')).body.id;
    return { room, message: message.id, reply: reply.id, session: body.items[0]!.id, share: share.token, file };
  };

  beforeAll(async () => {
    stack = await startStack();
    routes = routesOf((await stack.http.get<Description>('/openapi.json')).body);
    victim = await signUpAndLogIn(stack.http);
    attacker = await signUpAndLogIn(stack.http);
    await Promise.all([victim, attacker].map(({ id }) => makePro(stack.database.url, id)));
    theirs = await belongings(victim);
    mine = await belongings(attacker);
  }, 90_000);
  afterAll(() => stack?.stop());

  const call = (http: HttpClient, { method, path, body }: Route, ids: Ids) =>
    http.send(method, filled(path, ids), {
      // Without one, a stream of what is sent is refused whatever its ids are.
      headers: { 'idempotency-key': randomUUID() },
      ...(body === undefined ? {} : { body: withIdsOf(body, ids) }),
    });
  /** A link to a shared conversation is no one's own: whoever has it may read it. */
  const withIds = () =>
    routes.filter(({ path, isPublic }) => path.includes('{') && !path.includes('{plan}') && !isPublic);
  /** All of an answer that may not depend on whether the thing exists. */
  const faceOf = ({ status, body }: Answer<Record<string, unknown>>) => [
    status,
    { ...body, instance: '', requestId: '' },
  ];

  it('gets, for every call with an id, the same answer as what does not exist', async () => {
    expect(withIds().length).toBeGreaterThanOrEqual(9);
    const unknown: Ids = {
      room: randomUUID(),
      message: randomUUID(),
      reply: randomUUID(),
      session: randomUUID(),
      share: 'A'.repeat(32),
      file: randomUUID(),
    };
    const exported = async () => {
      const { chatrooms, sessions, shares } = (await victim.http.get('/user/me/export')).body;
      return { chatrooms, sessions, shares };
    };
    const before = await exported();
    for (const route of withIds()) {
      const stolen = await call(attacker.http, route, theirs);
      expect([route.method, route.path, stolen.status]).toEqual([route.method, route.path, 404]);
      expect(faceOf(stolen)).toEqual(faceOf(await call(attacker.http, route, unknown)));
    }
    expect(await exported()).toEqual(before);
  });

  it('cannot be reached through what is one’s own', async () => {
    const nested = withIds().filter(({ path }) => /\{(messageId|replyId|token)\}/.test(path));
    expect(nested.length).toBeGreaterThanOrEqual(5);
    for (const route of nested) {
      const { status } = await call(attacker.http, route, { ...theirs, room: mine.room });
      expect([route.method, route.path, status]).toEqual([route.method, route.path, 404]);
    }
  });

  it('cannot be put into what is one’s own', async () => {
    const taking = routes.filter(({ body }) => body !== undefined && 'files' in body);
    expect(taking.map(({ path }) => path.replace('/chatroom/{id}/message', '')).sort()).toEqual([
      '',
      '/stream',
      '/{messageId}/edit',
    ]);
    const before = (await attacker.http.get('/user/me/export')).body['chatrooms'];
    for (const route of taking) {
      const stolen = await call(attacker.http, route, { ...mine, file: theirs.file });
      expect([route.path, stolen.status, stolen.body['code']]).toEqual([route.path, 404, 'file_not_found']);
      expect(faceOf(stolen)).toEqual(faceOf(await call(attacker.http, route, { ...mine, file: randomUUID() })));
    }
    expect((await attacker.http.get('/user/me/export')).body['chatrooms']).toEqual(before);
    expect((await victim.http.get(`/file/${theirs.file}`)).status).toBe(200);
  });

  it('is not shown by any list or search', async () => {
    for (const { path } of routes.filter(({ method, path }) => method === 'GET' && !path.includes('{'))) {
      const { body } = await attacker.http.get(`${path}${path === '/search' ? '?q=Mine' : ''}`);
      const text = JSON.stringify(body ?? '');
      expect(Object.values(theirs).filter((id) => text.includes(id))).toEqual([]);
    }
  });

  it('is closed to who has no token, on every route that is not public', async () => {
    const closed = routes.filter(({ isPublic }) => !isPublic);
    expect(closed.length).toBeGreaterThanOrEqual(18);
    for (const route of closed) {
      const { status, body } = await call(stack.http, route, theirs);
      expect([route.method, route.path, status, body['code']]).toEqual([
        route.method,
        route.path,
        401,
        'unauthenticated',
      ]);
    }
  });

  it('is found by its owner with the very same calls, so that they prove something', async () => {
    for (const route of withIds().filter(({ method }) => method !== 'DELETE')) {
      const { status } = await call(victim.http, route, theirs);
      expect([route.method, route.path, status]).not.toEqual([route.method, route.path, 404]);
    }
    const lost = await logIn(stack.http, victim.phone);
    theirs.session = (await lost.http.get<{ items: { id: string }[] }>('/auth/sessions')).body.items[0]!.id;
    // The other one is in messages now.
    theirs.file = (await upload(victim.http, 'Mine alone')).body.id;
    // What is in a room goes before the room.
    const deletions = withIds().filter(({ method }) => method === 'DELETE');
    for (const route of deletions.sort((one, other) => other.path.length - one.path.length)) {
      const { status } = await call(victim.http, route, theirs);
      expect([route.method, route.path, status]).toEqual([route.method, route.path, 204]);
    }
  });
});
