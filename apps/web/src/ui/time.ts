const DAY = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const DAY_AND_YEAR = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
const TIME = new Intl.DateTimeFormat(undefined, { hour: '2-digit', minute: '2-digit' });
const MOMENT = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

/** Today the time, else the day, in the reader's own time zone and writing. @param iso ISO 8601 */
export function dayText(iso: string): string {
  const moment = new Date(iso);
  const now = new Date();
  if (moment.toDateString() === now.toDateString()) return TIME.format(moment);
  return (moment.getFullYear() === now.getFullYear() ? DAY : DAY_AND_YEAR).format(moment);
}

/** A calendar day, which is the same in all time zones. @param day such as 2026-01-31 */
export const dayAndMonth = (day: string): string => DAY.format(new Date(`${day}T00:00`));

/** Day and time. */
export const momentText = (moment: string | Date): string => MOMENT.format(new Date(moment));

/** The time of day. */
export const timeText = (moment: string | Date): string => TIME.format(new Date(moment));
