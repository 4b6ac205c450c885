/* icons.tsx - inline SVG on a grid of 24, stroked in the colour of the text.  They are decoration:
 * the name stands beside them or in aria-label.  A new one is one row of `paths`. */
import type { SVGProps } from 'react'

const paths = {
  menu: 'M4 6h16M4 12h16M4 18h16',
  close: 'M6 6l12 12M18 6L6 18',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  search: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4',
  chevronDown: 'M6 9l6 6 6-6',
  chevronUp: 'M6 15l6-6 6 6',
  chevronRight: 'M9 6l6 6-6 6',
  chevronLeft: 'M15 6l-6 6 6 6',
  arrowLeft: 'M19 12H5M11 18l-6-6 6-6',
  arrowRight: 'M5 12h14M13 6l6 6-6 6',
  more: 'M5 12h.01M12 12h.01M19 12h.01',
  sort: 'M8 5v14M8 19l-3-3M8 19l3-3M16 19V5M16 5l-3 3M16 5l3 3',
  filter: 'M4 5h16l-6 8v6l-4-2v-4z',
  home: 'M4 11l8-7 8 7M6 9.5V20h12V9.5',
  folder: 'M3 7a2 2 0 0 1 2-2h4l2 2.5h8a2 2 0 0 1 2 2V17a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2z',
  grid: 'M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM13 13h7v7h-7z',
  list: 'M8 6h12M8 12h12M8 18h12M4 6h.01M4 12h.01M4 18h.01',
  image: 'M4 5h16v14H4zM4 16l4.5-4.5 4 4 3-3L20 17M15.5 9h.01',
  images: 'M7 3h14v14H7zM3 7v14h14M7 14l4-4 4 4 2-2 4 4',
  database:
    'M12 8c4 0 7-1.1 7-2.5S16 3 12 3 5 4.1 5 5.5 8 8 12 8zM5 5.5v13C5 19.9 8 21 12 21s7-1.1 7-2.5v-13M5 12c0 1.4 3 2.5 7 2.5s7-1.1 7-2.5',
  chart: 'M4 4v16h16M8 15l3.5-4 3 2.5L20 7',
  bars: 'M5 20V10M12 20V4M19 20v-7',
  table: 'M4 5h16v14H4zM4 10h16M4 15h16M10 5v14',
  compare: 'M8 4v16M16 4v16M4 8h4M4 14h4M16 8h4M16 14h4',
  wand: 'M5 19L15 9M14 4v3M12.5 5.5h3M19 8v3M17.5 9.5h3M18 15v2M17 16h2',
  target: 'M12 20a8 8 0 1 0 0-16 8 8 0 0 0 0 16zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z',
  cpu: 'M7 7h10v10H7zM10 3v4M14 3v4M10 17v4M14 17v4M3 10h4M3 14h4M17 10h4M17 14h4',
  queue: 'M4 6h12M4 12h12M4 18h7M19 15v6M16 18h6',
  users:
    'M9 11a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7zM2.5 20c.5-3.5 3-5.5 6.5-5.5s6 2 6.5 5.5M16 4.3a3.5 3.5 0 0 1 0 6.4M18 14.8c2 .7 3.200 2.500 3.500 5.200',
  user: 'M12 12a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM4.500 20.500c.6-3.800 3.400-6 7.500-6s6.900 2.200 7.500 6',
  key: 'M15 13a4 4 0 1 0-3.700-2.500L4 18v2h3v-2h2v-2h2l1.500-1.500M16 8h.01',
  shield: 'M12 3l8 3v5.500c0 4.500-3.200 8-8 9.500-4.800-1.500-8-5-8-9.500V6z',
  settings:
    'M4 7h10M18 7h2M4 17h2M10 17h10M16 9.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5zM8 19.500a2.500 2.500 0 1 0 0-5 2.500 2.500 0 0 0 0 5z',
  logout: 'M14 4H5v16h9M10 12h11M18 9l3 3-3 3',
  help: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM9.500 9.500a2.500 2.500 0 1 1 3.500 2.300c-.7.300-1 .9-1 1.700M12 16.500h.01',
  info: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 11v5M12 8h.01',
  warning: 'M12 4l9 16H3zM12 10v4M12 17h.01',
  error: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7.500v5.500M12 16.500h.01',
  success: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM8 12.500l2.800 2.800L16 9.800',
  play: 'M7 5l12 7-12 7z',
  pause: 'M8 5v14M16 5v14',
  stop: 'M6 6h12v12H6z',
  restart: 'M4 12a8 8 0 1 0 2.500-5.800M4 4v4h4',
  refresh:
    'M20 12a8 8 0 0 1-14 5.300L4 15.500M4 12a8 8 0 0 1 14-5.300l2 1.800M20 4v4.500h-4.500M4 20v-4.500h4.500',
  clock: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM12 7v5l3.500 2',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  clone: 'M8 8h12v12H8zM16 4H4v12M14 11v6M11 14h6',
  trash: 'M4 7h16M9 7V4h6v3M6 7l1 13h10l1-13M10 11v5M14 11v5',
  edit: 'M4 20h4L19 9l-4-4L4 16zM13 7l4 4',
  download: 'M12 4v11M7.500 10.500L12 15l4.500-4.500M4 20h16',
  upload: 'M12 20V9M7.500 13.500L12 9l4.500 4.500M4 4h16',
  link: 'M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.700-5.700L12 7M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.700 5.700L12 17',
  external: 'M14 4h6v6M20 4l-9 9M18 14v6H4V6h6',
  eye: 'M2.500 12S6 5.500 12 5.500 21.500 12 21.500 12 18 18.500 12 18.500 2.500 12 2.500 12zM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6z',
  tag: 'M4 4h8l8 8-8 8-8-8zM8.500 8.500h.01',
  code: 'M8 7l-5 5 5 5M16 7l5 5-5 5',
  terminal: 'M4 5h16v14H4zM7.500 9.500L10 12l-2.500 2.500M12.500 15H16',
  disk: 'M4 14h16v5H4zM4 14l3-9h10l3 9M16.500 16.500h.01',
  sun: 'M12 16a4 4 0 1 0 0-8 4 4 0 0 0 0 8zM12 3v2M12 19v2M3 12h2M19 12h2M5.600 5.600l1.400 1.400M17 17l1.400 1.400M18.400 5.600L17 7M7 17l-1.400 1.400',
  moon: 'M20 14.500A8 8 0 0 1 9.500 4 8 8 0 1 0 20 14.500z',
  monitor: 'M3 5h18v11H3zM9 20h6M12 16v4',
  globe:
    'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3 12h18M12 3c2.500 2.500 3.500 5.500 3.500 9s-1 6.500-3.500 9c-2.500-2.500-3.500-5.500-3.500-9S9.500 5.500 12 3z',
  mail: 'M4 6h16v12H4zM4 7l8 6 8-6',
  star: 'M12 4l2.500 5.200 5.700.8-4.100 4 1 5.700L12 17l-5.100 2.700 1-5.700-4.100-4 5.700-.8z',
  bolt: 'M13 3L5 14h6l-1 7 8-11h-6z',
  zoomIn: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4M11 8v6M8 11h6',
  zoomOut: 'M11 18a7 7 0 1 0 0-14 7 7 0 0 0 0 14zM20 20l-4-4M8 11h6',
  drag: 'M9 6h.01M15 6h.01M9 12h.01M15 12h.01M9 18h.01M15 18h.01',
  wifiOff:
    'M3 3l18 18M5 12.500a10 10 0 0 1 4-2.300M19 12.500a10 10 0 0 0-5-2.600M8.500 16a5 5 0 0 1 6 -.3M12 19.500h.01',
} as const

export type IconName = keyof typeof paths

type Props = { name: IconName; size?: number } & SVGProps<SVGSVGElement>

export function Icon({ name, size = 18, ...rest }: Props) {
  return (
    <svg
      viewBox="0 0 24 24"
      width={size}
      height={size}
      fill="none"
      stroke="currentColor"
      strokeWidth={name === 'more' || name === 'drag' ? 2.6 : 1.8}
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
      style={{ flex: 'none' }}
      {...rest}
    >
      <path d={paths[name]} />
    </svg>
  )
}
