import { useChat } from '@ai-sdk/react';
import { type Challenge, createChatClient, isChatError } from '@gemini-chat/client';
import { type ChatMessage, createChatTransport, type LoadedMessages } from '@gemini-chat/client/ai-sdk';
import { type FormEvent, StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';

const baseUrl = (import.meta.env['VITE_API_URL'] as string | undefined) ?? 'http://localhost:8000';
const client = createChatClient({ baseUrl, storage: localStorage });
const transport = createChatTransport(client);

/** What was typed into the form's field. */
function typed(event: FormEvent<HTMLFormElement>): string {
  event.preventDefault();
  const text = new FormData(event.currentTarget).get('text') as string;
  event.currentTarget.reset();
  return text;
}

function Login() {
  const [challenge, setChallenge] = useState<Challenge | null>(null);
  const [error, setError] = useState('');
  const attempt = (step: Promise<unknown>) => step.catch((reason: Error) => setError(reason.message));
  return challenge === null ? (
    <form onSubmit={(event) => void attempt(client.auth.sendCode({ phone: typed(event) }).then(setChallenge))}>
      <input name="text" type="tel" aria-label="Phone number" placeholder="+14155550100" required />
      <button>Send me a code</button> {error}
    </form>
  ) : (
    <form onSubmit={(event) => void attempt(client.auth.verify(challenge, typed(event)))}>
      <input name="text" inputMode="numeric" aria-label="Code" defaultValue={challenge.otp} required />
      <button>Log in</button> {error}
    </form>
  );
}

/** Text, thoughts, a source or a file. */
function Part({ part }: { part: ChatMessage['parts'][number] }) {
  if (part.type === 'text') return part.text;
  if (part.type === 'reasoning') return <i>{part.text} </i>;
  if (part.type === 'source-url') return <a href={part.url}> [{part.title}]</a>;
  return part.type === 'file' ? <u>{part.filename} </u> : null;
}

function Room({ id, messages, unfinished }: { id: string } & LoadedMessages) {
  const chat = useChat<ChatMessage>({ id, messages, transport, resume: unfinished });
  const busy = chat.status === 'submitted' || chat.status === 'streaming';
  return (
    <>
      {chat.messages.map(({ id, role, parts, metadata }) => (
        <p key={id} data-role={role} data-status={metadata?.status} style={{ whiteSpace: 'pre-wrap' }}>
          <b>{role}:</b>{' '}
          {parts.map((part, index) => (
            <Part key={index} part={part} />
          ))}
        </p>
      ))}
      <p role="alert">
        {isChatError(chat.error) ? `${chat.error.message} (${chat.error.code})` : chat.error?.message}
        {chat.error && <button onClick={() => void chat.regenerate()}>Try again</button>}
      </p>
      <form onSubmit={(event) => void chat.sendMessage({ text: typed(event) })}>
        <input name="text" aria-label="Message" required />
        <button disabled={busy}>Send</button>
        {busy && <button type="button" onClick={() => void transport.stop(id)} children="Stop" />}
      </form>
    </>
  );
}

/** Shows the latest room, or a new one, to whoever is logged in. */
async function show(): Promise<void> {
  if ((await client.auth.session()) === null) return root.render(<Login />);
  const { id } = (await client.rooms.list({ limit: 1 }).page()).items[0] ?? (await client.rooms.create());
  root.render(<StrictMode children={<Room id={id} {...await transport.loadMessages(id)} />} />);
}

const root = createRoot(document.querySelector('main')!);
client.auth.onChange(() => void show());
void show();
