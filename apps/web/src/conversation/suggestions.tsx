const SUGGESTIONS = [
  'Why is the sky blue?',
  'Write a short story about a lighthouse',
  'Explain recursion with an example',
  'Plan a weekend in Lisbon',
];

/** What a room without messages shows. */
export function Suggestions({ onChoose }: { onChoose: (content: string) => void }) {
  return (
    <div class="suggestions">
      <h2>What would you like to know?</h2>
      <div class="suggestion-buttons">
        {SUGGESTIONS.map((content) => (
          <button key={content} type="button" class="button" onClick={() => onChoose(content)}>
            {content}
          </button>
        ))}
      </div>
    </div>
  );
}
