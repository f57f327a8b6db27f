/** The wall clock, injected so that days and deadlines can be tested without waiting for them. */
export abstract class Clock {
  /** The current instant. */
  abstract now(): Date;
}
