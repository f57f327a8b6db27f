/** Who wants to log in. */
export interface Person {
  phone: string;
  /** Empty where none is given. */
  name: string;
}
