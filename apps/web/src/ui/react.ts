/** What the client's hook needs of React, out of Preact's hooks: `preact/compat` is several times as much script. */
import { useLayoutEffect, useReducer, useRef } from 'preact/hooks';

export { useMemo } from 'preact/hooks';

/** The value of a store that changes outside of the components. */
export function useSyncExternalStore<Value>(
  subscribe: (listener: () => void) => () => void,
  read: () => Value,
  _onServer?: () => Value,
): Value {
  const [, renderAgain] = useReducer((count: number, _: undefined) => count + 1, 0);
  const value = read();
  const shown = useRef(value);
  useLayoutEffect(() => {
    shown.current = value;
    // It may have changed between rendering and this.
    if (!Object.is(read(), value)) renderAgain(undefined);
  }, [value, read]);
  useLayoutEffect(() => {
    const onChange = (): void => {
      if (!Object.is(read(), shown.current)) renderAgain(undefined);
    };
    const unsubscribe = subscribe(onChange);
    onChange();
    return unsubscribe;
  }, [subscribe, read]);
  return value;
}
