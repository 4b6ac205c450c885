/* queue.ts - images waiting for their predictions: one after the other, since the server has one
 * network to run them through; each keeps its place, its picture and what went wrong. */
import type { Answer } from './api'

export type Item = {
  id: number
  file: File
  /** object URL of the picture */
  url: string
  state: 'waiting' | 'running' | 'done' | 'failed'
  answer?: Answer
  error?: unknown
}

const MOST = 200
let next = 1

/** "photo.JPG" counts although its type is not always known. */
const IMAGE = /\.(jpe?g|png|webp|gif|bmp|tiff?)$/i
export const isImage = (file: { name: string; type: string }) =>
  file.type.startsWith('image/') || IMAGE.test(file.name)

/** The new ones first in line behind those that are there; no more than the page can hold. */
export function withFiles(
  items: readonly Item[],
  files: readonly File[],
  urlOf: (file: File) => string,
): { items: Item[]; refused: number } {
  const images = files.filter(isImage)
  const room = Math.max(0, MOST - items.length)
  const added = images.slice(0, room).map((file): Item => ({
    id: next++,
    file,
    url: urlOf(file),
    state: 'waiting',
  }))
  return { items: [...items, ...added], refused: files.length - added.length }
}

export const change = (items: readonly Item[], id: number, to: Partial<Item>): Item[] =>
  items.map((item) => (item.id === id ? { ...item, ...to } : item))

export const nextWaiting = (items: readonly Item[]): Item | undefined =>
  items.some((item) => item.state === 'running')
    ? undefined
    : items.find((item) => item.state === 'waiting')

/** All predicted anew: with another checkpoint, say. */
export const again = (items: readonly Item[]): Item[] =>
  items.map((item) => ({ ...item, state: 'waiting', answer: undefined, error: undefined }))
