import type { Message } from '@gemini-chat/client';
import { addressOf } from '../markdown/elements.js';

type Source = Message['sources'][number];

/** Where the model found what it says, numbered as the text refers to it, and what it searched for. */
export function Sources({ sources, searchQueries }: Pick<Message, 'sources' | 'searchQueries'>) {
  if (sources.length === 0 && searchQueries.length === 0) return null;
  return (
    <section class="sources" aria-label="Sources">
      {sources.length > 0 && (
        <>
          <h3>Sources</h3>
          <ol>
            {sources.map((source, index) => (
              <li key={`${index} ${source.uri}`}>
                <SourceLink source={source} />
              </li>
            ))}
          </ol>
        </>
      )}
      {searchQueries.length > 0 && (
        <p class="sources-queries">Searched for {searchQueries.map((query) => `“${query}”`).join(', ')}</p>
      )}
    </section>
  );
}

/** A source, by its title and the host that the link leads to. What is no address of the web is only named. */
function SourceLink({ source: { title, uri } }: { source: Source }) {
  const href = addressOf(uri);
  const host = href === null ? '' : new URL(href).host;
  const name = title || host || uri;
  return (
    <>
      {href === null ? (
        name
      ) : (
        <a href={href} target="_blank" rel="noopener noreferrer nofollow">
          {name}
        </a>
      )}
      {host !== '' && host !== name && <span class="sources-host"> {host}</span>}
    </>
  );
}
