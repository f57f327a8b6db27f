import type { Challenge } from '@gemini-chat/client';
import { useState } from 'preact/hooks';
import { client } from '../client.js';
import { Brand } from '../ui/brand.js';
import { CodeForm } from './code-form.js';
import './login.css';
import type { Person } from './person.js';
import { PhoneForm } from './phone-form.js';

/** Login in two steps: the number, and the code that was sent to it. */
export function LoginPage() {
  const [person, setPerson] = useState<Person>({ phone: '', name: '' });
  const [challenge, setChallenge] = useState<Challenge | null>(null);
  const sendCode = async ({ phone, name }: Person): Promise<void> => {
    setPerson({ phone, name });
    setChallenge(await client.auth.sendCode({ phone, ...(name === '' ? {} : { name }) }));
  };
  return (
    <div class="login">
      <main class="login-main" id="main">
        <Brand />
        {challenge === null ? (
          <PhoneForm person={person} onSubmit={sendCode} />
        ) : (
          <CodeForm
            key={challenge.challengeId}
            challenge={challenge}
            onResend={() => sendCode(person)}
            onBack={() => setChallenge(null)}
          />
        )}
      </main>
      <footer class="login-footer">
        <a href="/docs">API reference</a>
        <a href="/openapi.json">OpenAPI</a>
        <a href="/problems">Errors</a>
      </footer>
    </div>
  );
}
