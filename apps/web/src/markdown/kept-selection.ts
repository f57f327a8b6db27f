import { useLayoutEffect } from 'preact/hooks';

/** One end of a selection. */
interface Place {
  node: Node;
  offset: number;
  /** What stands before it in its text. */
  before: string;
}

/**
 * Keeps what is selected in a text while it grows: a browser forgets the places of a selection in a text that is set anew.
 * To be called by the component that draws it.
 */
export function useKeptSelection(text: string): void {
  const places = selected();
  useLayoutEffect(() => {
    if (places === null) return;
    const [anchor, focus] = places;
    const selection = getSelection();
    if (selection === null || !places.every(stands)) return;
    if (
      isAt(anchor, selection.anchorNode, selection.anchorOffset) &&
      isAt(focus, selection.focusNode, selection.focusOffset)
    )
      return;
    selection.setBaseAndExtent(anchor.node, anchor.offset, focus.node, focus.offset);
  }, [text]);
}

/** Where the selection begins and ends; null: nothing is selected. */
function selected(): [anchor: Place, focus: Place] | null {
  const selection = getSelection();
  if (selection === null || selection.isCollapsed) return null;
  const { anchorNode, anchorOffset, focusNode, focusOffset } = selection;
  if (anchorNode === null || focusNode === null) return null;
  return [placeOf(anchorNode, anchorOffset), placeOf(focusNode, focusOffset)];
}

const textBefore = (node: Node, offset: number): string => (node instanceof Text ? node.data.slice(0, offset) : '');

const placeOf = (node: Node, offset: number): Place => ({ node, offset, before: textBefore(node, offset) });

/** Whether the place is still there, behind the same text. */
const stands = ({ node, offset, before }: Place): boolean =>
  node.isConnected &&
  offset <= (node instanceof Text ? node.length : node.childNodes.length) &&
  textBefore(node, offset) === before;

const isAt = (place: Place, node: Node | null, offset: number): boolean =>
  place.node === node && place.offset === offset;
