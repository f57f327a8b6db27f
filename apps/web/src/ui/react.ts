/** What the client's hook needs of React, out of Preact's hooks: `preact/compat` is several times as much script. */
import { useLayoutEffect, useMemo as preactUseMemo, useRef, useState } from 'preact/hooks';

/** @public The client's hook imports it as React's, by the build's alias. */
export const useMemo = preactUseMemo;

type UseSyncExternalStore = <Value>(
  subscribe: (listener: () => void) => () => void,
  read: () => Value,
  readOnServer?: () => Value,
) => Value;

/** The value of a store that changes outside of the components. */
export const useSyncExternalStore: UseSyncExternalStore = (subscribe, read) => {
  const [, setShown] = useState({});
  const renderAgain = (): void => setShown({});
  const value = read();
  const shown = useRef(value);
  useLayoutEffect(() => {
    shown.current = value;
    // It may have changed between rendering and this.
    if (!Object.is(read(), value)) renderAgain();
  }, [value, read]);
  useLayoutEffect(() => {
    const onChange = (): void => {
      if (!Object.is(read(), shown.current)) renderAgain();
    };
    const unsubscribe = subscribe(onChange);
    onChange();
    return unsubscribe;
  }, [subscribe, read]);
  return value;
};
