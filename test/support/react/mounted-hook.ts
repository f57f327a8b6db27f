import './page.js';
import { createElement, StrictMode, useEffect } from 'react';
import { type Container, createRoot } from 'react-dom/client';

/** A component that calls a hook, in a page and under StrictMode, which mounts it, unmounts it and mounts it again. */
export class MountedHook<Props extends object, View> {
  /** What the hook gave at each rendering that was committed or tried. */
  readonly views: View[] = [];
  /** Resolves when it is mounted for the second time, which then lasts. */
  readonly mounted: Promise<void>;
  private onMount: () => void = () => undefined;
  private readonly root = createRoot(newElement());

  private constructor(private readonly useHook: (props: Props) => View) {
    this.mounted = new Promise((resolve) => {
      this.onMount = () => (this.onMount = resolve);
    });
  }

  static mount<Props extends object, View>(useHook: (props: Props) => View, props: Props): MountedHook<Props, View> {
    const mounted = new MountedHook(useHook);
    mounted.render(props);
    return mounted;
  }

  /** What the hook gives now. */
  get view(): View {
    const view = this.views.at(-1);
    if (view === undefined) throw new Error('It is not rendered yet.');
    return view;
  }

  /** Renders it with other properties. */
  render(props: Props): void {
    this.root.render(createElement(StrictMode, null, createElement(this.Component, props)));
  }

  unmount(): void {
    this.root.unmount();
  }

  private readonly Component = (props: Props): null => {
    this.views.push(this.useHook(props));
    useEffect(() => this.onMount(), []);
    return null;
  };
}

function newElement(): Container {
  const { document } = globalThis as unknown as { document: { createElement(name: string): Container } };
  return document.createElement('div');
}
