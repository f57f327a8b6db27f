/** The shapes, drawn with lines in a square of 24. */
const PATHS = {
  plus: 'M12 5v14M5 12h14',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14M20 20l-4-4',
  pin: 'M9 4h6l-1 7 3 3v2H7v-2l3-3zM12 16v5',
  archive: 'M4 5h16v4H4zM6 9v10h12V9M10 13h4',
  restore: 'M4 5h16v4H4zM6 9v10h12V9M12 17v-5M9.5 14l2.5-2.5 2.5 2.5',
  trash: 'M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13M10 11v5M14 11v5',
  edit: 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4',
  more: 'M6 12h.01M12 12h.01M18 12h.01',
  back: 'M15 5l-7 7 7 7',
  close: 'M6 6l12 12M18 6L6 18',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8M5 20c1-4 4-5 7-5s6 1 7 5',
  logout: 'M14 5h5v14h-5M4 12h11M11 8l4 4-4 4',
  spark: 'M12 4c.7 4.5 2.5 7 7 8-4.5 1-6.3 3.5-7 8-.7-4.5-2.5-7-7-8 4.5-1 6.3-3.5 7-8z',
  calls: 'M4 6l4 4-4 4M10 16h8M4 20h16',
  send: 'M5 12l14-7-5 15-3-6zM11 14l8-9',
  stop: 'M7 7h10v10H7z',
  refresh: 'M19 12a7 7 0 1 1-2-5l2 2M19 4v5h-5',
  copy: 'M9 9h10v11H9zM5 15V4h10',
  check: 'M5 13l4 4L19 7',
  good: 'M4 11h3v9H4zM7 11l4-7c1.5 0 2.5 1 2.5 2.5L13 10h5.500a1.5 1.5 0 0 1 1.5 1.8l-1.300 6.5a2 2 0 0 1-2 1.7H7',
  bad: 'M4 13h3V4H4zM7 13l4 7c1.5 0 2.5-1 2.5-2.5L13 14h5.500a1.5 1.5 0 0 0 1.5-1.8l-1.300-6.5a2 2 0 0 0-2-1.7H7',
  fork: 'M6 4v16M6 14c7 0 11-2 11-9M13 8l4-4 4 4',
  left: 'M14 6l-6 6 6 6',
  right: 'M10 6l6 6-6 6',
  down: 'M6 10l6 6 6-6',
  cut: 'M6 9a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5M6 20a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5M8 8l12 9M8 16l12-9',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8M12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.5 1.500M17.5 17.500L19 19M19 5l-1.5 1.500M6.5 17.500L5 19',
  moon: 'M19 14.500A8 8 0 0 1 9.5 5a7.5 7.5 0 1 0 9.5 9.500z',
  device: 'M4 5h16v11H4zM9 20h6M12 16v4',
  warning: 'M12 4l9 16H3zM12 10v4M12 17h.01',
  download: 'M12 4v11M7.5 11l4.5 4.5 4.5-4.500M5 20h14',
  attach: 'M8 12.5l6.5-6.500a3 3 0 0 1 4.300 4.300L10 19.500a4.800 4.800 0 0 1-6.800-6.800L11 5',
  file: 'M6 3h8l4 4v14H6zM14 3v4h4',
  external: 'M10 5H5v14h14v-5M14 4h6v6M20 4l-9 9',
} as const;

export type IconName = keyof typeof PATHS;

/** A picture beside a name. Screen readers pass over it. */
export function Icon({ name, size = 18 }: { name: IconName; size?: number }) {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true">
      <path d={PATHS[name]} />
    </svg>
  );
}
