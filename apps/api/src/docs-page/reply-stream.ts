/** A stream of a reply while it is read: what its events have said so far. */
export class ReplyStream {
  /** All that has come, as it came. */
  raw = '';
  /** The text of the reply so far. */
  text = '';
  /** The id of the last event; empty before the first. */
  lastEventId = '';
  /** Whether the event `done` has come. */
  isDone = false;
  /** Whether more may come. */
  isOpen = true;

  /** Where the events begin that are not read yet. */
  private unread = 0;

  /**
   * Takes in what has come.
   * @returns the data of an event `accepted` that was in it, else null
   */
  append(chunk: string): unknown {
    this.raw += chunk;
    const end = this.raw.lastIndexOf('\n\n');
    if (end < this.unread) return null;
    const events = this.raw.slice(this.unread, end).split('\n\n');
    this.unread = end + 2;
    return events.map((event) => this.read(event)).find((accepted) => accepted !== null) ?? null;
  }

  private read(event: string): unknown {
    const { id, event: name, data } = fieldsOf(event);
    if (id !== undefined) this.lastEventId = id;
    if (name === 'delta') this.text += (JSON.parse(data ?? '{}') as { text: string }).text;
    if (name === 'reset') this.text = '';
    if (name === 'done') this.isDone = true;
    return name === 'accepted' ? JSON.parse(data ?? 'null') : null;
  }
}

/** The fields of an event. Each stands on one line, for the data is JSON; comments begin with a colon. */
const fieldsOf = (event: string): Record<string, string | undefined> =>
  Object.fromEntries(
    event.split('\n').flatMap((line) => {
      const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
      return name === undefined ? [] : [[name, value]];
    }),
  );
