import type { Challenge } from '@gemini-chat/client';
import { useRef } from 'preact/hooks';
import { client } from '../client.js';
import { FieldError } from '../ui/field-error.js';
import { useAction } from '../ui/use-action.js';
import { useFocus } from '../ui/use-focus.js';
import { useSecondsLeft } from '../ui/use-seconds-left.js';

interface CodeFormProps {
  challenge: Challenge;
  onResend: () => Promise<void>;
  onBack: () => void;
}

/** The second step of the login: the code, which an API for development answers itself. */
export function CodeForm({ challenge, onResend, onBack }: CodeFormProps) {
  const code = useRef<HTMLInputElement>(null);
  useFocus(code);
  const secondsLeft = useSecondsLeft(challenge.resendAfter);
  const verify = useAction(() => client.auth.verify(challenge, code.current?.value ?? ''));
  const resend = useAction(onResend);
  const submit = (event: Event): void => {
    event.preventDefault();
    verify.run();
  };
  return (
    <form class="card login-card" onSubmit={submit} aria-labelledby="login-title">
      <h1 id="login-title">Enter the code</h1>
      <p class="muted">
        {challenge.otp === undefined
          ? `If ${challenge.phone} can receive messages, it has a code of six digits now.`
          : 'This API runs for development, so the code is in its answer, and here.'}
      </p>
      <div class="field">
        <label for="code">Code for {challenge.phone}</label>
        <input
          id="code"
          ref={code}
          class="login-code"
          inputMode="numeric"
          autocomplete="one-time-code"
          required
          maxLength={20}
          defaultValue={challenge.otp ?? ''}
        />
      </div>
      <FieldError text={verify.error ?? resend.error} />
      <button class="button button-primary button-wide" disabled={verify.busy}>
        {verify.busy ? 'Checking …' : 'Log in'}
      </button>
      <div class="row row-apart small">
        <button type="button" class="button-link" onClick={onBack}>
          Change the number
        </button>
        <button
          type="button"
          class="button-link"
          disabled={secondsLeft > 0 || resend.busy}
          onClick={() => resend.run()}
        >
          {secondsLeft > 0 ? `Another code in ${secondsLeft} s` : 'Send another code'}
        </button>
      </div>
    </form>
  );
}
