import { useRef } from 'preact/hooks';
import { FieldError } from '../ui/field-error.js';
import { useAction } from '../ui/use-action.js';
import { useFocus } from '../ui/use-focus.js';
import type { Person } from './person.js';

interface PhoneFormProps {
  /** What was entered before. */
  person: Person;
  onSubmit: (person: Person) => Promise<void>;
}

/** A number that is kept for fiction, so that no one has it. */
const madeUpNumber = (): string => `+1 415 555 01${String(Math.floor(Math.random() * 100)).padStart(2, '0')}`;

/** The first step of the login. */
export function PhoneForm({ person, onSubmit }: PhoneFormProps) {
  const form = useRef<HTMLFormElement>(null);
  const phone = useRef<HTMLInputElement>(null);
  useFocus(phone);
  const send = useAction(onSubmit);
  const submit = (event: Event): void => {
    event.preventDefault();
    const entered = new FormData(form.current ?? undefined);
    send.run({ phone: textOf(entered.get('phone')), name: textOf(entered.get('name')) });
  };
  return (
    <form class="card login-card" ref={form} onSubmit={submit} aria-labelledby="login-title">
      <h1 id="login-title">Log in</h1>
      <p class="muted">With your phone number. There is no password: we send you a code.</p>
      <div class="field">
        <label for="phone">Phone number</label>
        <input
          id="phone"
          name="phone"
          ref={phone}
          type="tel"
          autocomplete="tel"
          required
          defaultValue={person.phone}
          placeholder="+1 415 555 0123"
        />
        <button
          type="button"
          class="button-link small login-made-up"
          onClick={() => {
            if (phone.current !== null) phone.current.value = madeUpNumber();
          }}
        >
          Just trying? Use a made-up number
        </button>
      </div>
      <div class="field">
        <label for="name">
          Name <span class="muted">(optional)</span>
        </label>
        <input id="name" name="name" autocomplete="name" maxLength={100} defaultValue={person.name} />
      </div>
      <FieldError text={send.error} />
      <button class="button button-primary button-wide" disabled={send.busy}>
        {send.busy ? 'Sending …' : 'Send me a code'}
      </button>
    </form>
  );
}

const textOf = (value: FormDataEntryValue | null): string => (typeof value === 'string' ? value.trim() : '');
