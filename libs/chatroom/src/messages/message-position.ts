import { IsInt, Max, Min } from 'class-validator';
import { MAX_SEQ } from './message.row.js';

/** The position of a page's last message in its room, as its cursor holds it: the next page goes on below. */
export class MessagePosition {
  @IsInt()
  @Min(1)
  @Max(MAX_SEQ)
  seq!: number;

  static readonly of = ({ seq }: { seq: number }): MessagePosition => ({ seq });
}
