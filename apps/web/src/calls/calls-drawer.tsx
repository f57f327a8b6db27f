/** Each call to the API as it happens, and ways to disturb it. */
export function CallsDrawer({ onClose }: { onClose: () => void }) {
  return (
    <aside class="calls" aria-label="Calls">
      <button type="button" onClick={onClose}>
        Close
      </button>
    </aside>
  );
}
