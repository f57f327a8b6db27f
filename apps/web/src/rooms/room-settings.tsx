import type { Model, Room, RoomChanges } from '@gemini-chat/client';
import { useEffect, useRef, useState } from 'preact/hooks';
import { client } from '../client.js';
import { Dialog } from '../ui/dialog.js';
import { FieldError } from '../ui/field-error.js';
import { notifyError } from '../ui/notices.js';
import { useAction } from '../ui/use-action.js';
import { changeRoom } from './rooms-store.js';

/** A room's name, its model, what the model is told first, how much it thinks, and whether it searches. */
export function RoomSettings({ room, onClose }: { room: Room; onClose: () => void }) {
  const form = useRef<HTMLFormElement>(null);
  const [models, setModels] = useState<Model[]>([]);
  useEffect(() => {
    client.models().then(setModels, notifyError);
  }, []);
  const save = useAction(async () => {
    const entered = new FormData(form.current ?? undefined);
    const textOf = (name: string): string | null => ((entered.get(name) as string | null) ?? '').trim() || null;
    const settings = {
      title: textOf('title'),
      systemInstruction: textOf('systemInstruction'),
      thinking: textOf('thinking') as Room['thinking'],
      showThoughts: entered.has('showThoughts'),
      search: entered.has('search'),
      // It isn't entered while the models are loaded, nor where the room's model is no longer in the plan: it stays then.
      ...(entered.has('model') ? { model: textOf('model') } : {}),
    };
    const changes = changedOf(settings, room);
    if (Object.keys(changes).length > 0) await changeRoom(room.id, changes);
    onClose();
  });
  const submit = (event: Event): void => {
    event.preventDefault();
    save.run();
  };
  return (
    <Dialog title="Chat settings" onClose={onClose}>
      <form class="form" ref={form} onSubmit={submit}>
        <div class="field">
          <label for="room-title">Name</label>
          <input id="room-title" name="title" maxLength={200} defaultValue={room.title ?? ''} placeholder="New chat" />
        </div>
        <div class="field">
          <label for="room-instruction">Instruction for the model</label>
          <textarea
            id="room-instruction"
            name="systemInstruction"
            rows={4}
            defaultValue={room.systemInstruction ?? ''}
            placeholder="Answer in two sentences at most."
          />
        </div>
        <ModelField models={models} chosen={room.model} />
        <ThinkingField chosen={room.thinking} />
        <Switches room={room} />
        <FieldError text={save.error} />
        <div class="dialog-actions">
          <button type="button" class="button" onClick={onClose}>
            Cancel
          </button>
          <button class="button button-primary" disabled={save.busy}>
            Save
          </button>
        </div>
      </form>
    </Dialog>
  );
}

/** What differs from the room as it was when its settings were opened: what others have changed since stays. */
const changedOf = (settings: RoomChanges, before: Room): RoomChanges =>
  Object.fromEntries(Object.entries(settings).filter(([name, value]) => value !== before[name as keyof Room]));

// A `value` of a select would be set anew whenever the form is drawn, and undo what was chosen; `selected` is set once.

/** It has its place, and shows the room's model by its name, also while the models are loaded, so that nothing moves then. */
function ModelField({ models, chosen }: { models: Model[]; chosen: string | null }) {
  const isKnown = chosen === null || models.some(({ name }) => name === chosen);
  return (
    <div class="field">
      <label for="room-model">Model</label>
      <select id="room-model" name="model" disabled={models.length === 0}>
        <option value="">The default of your plan</option>
        {!isKnown && (
          <option value={chosen} selected>
            {chosen}
          </option>
        )}
        {models.map(({ name, label, available }) => (
          <option key={name} value={name} disabled={!available} selected={name === chosen}>
            {available ? label : `${label} (not in your plan)`}
          </option>
        ))}
      </select>
    </div>
  );
}

function ThinkingField({ chosen }: { chosen: Room['thinking'] }) {
  return (
    <div class="field">
      <label for="room-thinking">Thinking before it answers</label>
      <select id="room-thinking" name="thinking">
        <option value="">As the model does by itself</option>
        {(['low', 'high'] as const).map((value) => (
          <option key={value} value={value} selected={value === chosen}>
            {value === 'low' ? 'Little' : 'Much'}
          </option>
        ))}
      </select>
    </div>
  );
}

const Switches = ({ room }: { room: Room }) => (
  <>
    <Switch
      name="showThoughts"
      label="Show thoughts"
      hint="Replies tell what the model thinks, where it does."
      on={room.showThoughts}
    />
    <Switch name="search" label="Search the web" hint="Replies name their sources then." on={room.search} />
  </>
);

function Switch({ name, label, hint, on }: { name: string; label: string; hint: string; on: boolean }) {
  return (
    <div class="switch">
      <input
        id={`room-${name}`}
        name={name}
        type="checkbox"
        role="switch"
        defaultChecked={on}
        aria-describedby={`room-${name}-hint`}
      />
      <label for={`room-${name}`}>{label}</label>
      <span id={`room-${name}-hint`} class="muted small">
        {hint}
      </span>
    </div>
  );
}
