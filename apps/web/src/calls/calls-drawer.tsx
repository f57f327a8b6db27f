/** Each call to the API as it happens, and ways to disturb it. */
export function CallsDrawer() {
  return <aside aria-label="Calls" />;
}
