import type { RefObject } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { contentOf } from './file-contents.js';

/** So near to being seen, an image is loaded. */
const NEAR = '400px';

/** An address within this page for a content, as long as the component shows it; null while there is none. */
export function useObjectUrl(content: Blob | null): string | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (content === null) return undefined;
    const made = URL.createObjectURL(content);
    setUrl(made);
    return () => {
      setUrl(null);
      URL.revokeObjectURL(made);
    };
  }, [content]);
  return url;
}

/** How far the loading of a file's content is. */
export interface LoadedContent {
  /** Null: not there yet. */
  content: Blob | null;
  /** Why it could not be loaded. */
  error: unknown;
}

/** A file's content once its place is near to what is seen. */
export function useLazyContent(fileId: string, place: RefObject<Element | null>): LoadedContent {
  const [loaded, setLoaded] = useState<LoadedContent>({ content: null, error: null });
  useEffect(() => {
    const element = place.current;
    if (element === null) return undefined;
    let wanted = true;
    const settle = (next: LoadedContent): void => {
      if (wanted) setLoaded(next);
    };
    const observer = new IntersectionObserver(
      (entries) => {
        if (!entries.some(({ isIntersecting }) => isIntersecting)) return;
        observer.disconnect();
        contentOf(fileId).then(
          (content) => settle({ content, error: null }),
          (error: unknown) => settle({ content: null, error }),
        );
      },
      { rootMargin: NEAR },
    );
    observer.observe(element);
    return () => {
      wanted = false;
      observer.disconnect();
    };
  }, [fileId]);
  return loaded;
}
