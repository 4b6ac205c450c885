/* remembered.ts - uploads that have not come to their end, for after a reload of the page.  The
 * files themselves cannot be kept: the user chooses them again, and they are known by their
 * fingerprint.  One that another tab is at is not interrupted: tabs tell each other what they have. */
import { createStore } from '@/api/store'
import type { Format } from './plan'

export type Draft = {
  name: string
  description: string
  format: Format
  visibility: 'private' | 'public' | 'organization'
}

export type Remembered = {
  id: string
  projectId: number
  draft: Draft
  kind: 'files' | 'archive'
  /** of what was chosen, in the order of choosing */
  batches: { fingerprint: string; className: string }[]
  fileCount: number
  bytes: number
  begunAt: number
}

const KEY = 'uploads'
const MOST = 20

function read(): Remembered[] {
  try {
    const list: unknown = JSON.parse(localStorage.getItem(KEY) ?? '[]')
    return Array.isArray(list) ? list.filter((entry) => entry?.id && entry.draft) : []
  } catch {
    return []
  }
}

const mine = new Set<string>()
const elsewhere = new Set<string>()

/** Without those of other tabs. */
export const rememberedUploads = createStore<readonly Remembered[]>(read())
const show = (list: readonly Remembered[]) =>
  rememberedUploads.set(list.filter(({ id }) => !elsewhere.has(id)))

type Word = { ask?: true; begun?: string[]; left?: string[] }
const tabs = new BroadcastChannel('uploads')
const say = (word: Word) => tabs.postMessage(word)

tabs.onmessage = ({ data }: MessageEvent<Word>) => {
  if (data.ask) return mine.size && say({ begun: [...mine] })
  data.begun?.forEach((id) => elsewhere.add(id))
  data.left?.forEach((id) => elsewhere.delete(id))
  show(read())
}
addEventListener('storage', ({ key }) => key === KEY && show(read()))
addEventListener('pagehide', () => mine.size && say({ left: [...mine] }))
say({ ask: true })

/** This tab is at it. */
export function claim(id: string): void {
  mine.add(id)
  say({ begun: [id] })
}

/** No more: whoever chooses its files goes on with it. */
export function release(id: string): void {
  if (mine.delete(id)) say({ left: [id] })
}

function write(list: readonly Remembered[]): void {
  show(list)
  try {
    localStorage.setItem(KEY, JSON.stringify(list))
  } catch {
    /* a browser without storage: this upload then lives as long as the page */
  }
}

export const remember = (entry: Remembered) =>
  write([entry, ...read().filter(({ id }) => id !== entry.id)].slice(0, MOST))

/** The interrupted upload of these files, whatever the order in which they were chosen. */
export function findRemembered(
  list: readonly Remembered[],
  projectId: number,
  fingerprints: readonly string[],
): Remembered | undefined {
  const key = [...fingerprints].sort().join()
  return list.find(
    (entry) =>
      entry.projectId === projectId &&
      entry.batches
        .map(({ fingerprint }) => fingerprint)
        .sort()
        .join() === key,
  )
}

export function forget(id: string): void {
  write(read().filter((entry) => entry.id !== id))
  release(id)
}
