import { v7 } from 'uuid';

/** A new id: UUIDv7, so that ids made later sort later and index pages stay dense. */
export const uuidv7 = (): string => v7();
