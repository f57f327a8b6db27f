import type { LiveRequests } from './live-requests.js';
import type { AnswerProps, ReactElement, SwaggerSystem } from './swagger-ui.js';

/** The properties of answers that lead to a page for people, by path. */
const PAGES: Record<string, string> = {
  '/subscription/subscribe/{plan}': 'checkoutUrl',
  '/subscription/portal': 'url',
};

/** Puts over an answer what people need of it: a stream's text with a button to stop, or a link that can be followed. */
export function withLiveAnswer(requests: LiveRequests, { React }: SwaggerSystem, Answer: unknown) {
  const { createElement } = React;

  const stream = (path: string, method: string): ReactElement | null => {
    const reading = requests.readingOf(path, method);
    if (reading === null) return null;
    const { text, isOpen, isDone } = reading.stream;
    const title = isOpen ? 'The reply so far' : isDone ? 'The reply' : 'The reply until here; Execute goes on with it';
    return createElement(
      'div',
      { className: 'live-stream' },
      createElement('h4', null, title),
      createElement('pre', { className: 'microlight' }, text),
      isOpen && createElement('button', { type: 'button', className: 'btn', onClick: reading.stop }, 'Stop reading'),
    );
  };

  const link = ({ path, response }: AnswerProps): ReactElement | null => {
    const url = pageOf(PAGES[path], response.get('text'));
    if (url === null) return null;
    return createElement('p', null, createElement('a', { href: url, target: '_blank', rel: 'noopener' }, url));
  };

  return (props: AnswerProps): ReactElement =>
    createElement('div', null, stream(props.path, props.method), link(props), createElement(Answer, props));
}

/** The address in a property of an answer; null unless there is one. */
function pageOf(property: string | undefined, text: unknown): string | null {
  if (property === undefined || typeof text !== 'string') return null;
  try {
    const url = (JSON.parse(text) as Record<string, unknown>)[property];
    return typeof url === 'string' && /^https?:\/\//.test(url) ? url : null;
  } catch {
    return null;
  }
}
