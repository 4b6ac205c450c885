import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { PathFile } from '@/ui/dropped-files'
import { toast } from '@/ui/toast'
import { fingerprint, planOf } from './plan'
import { rememberedUploads } from './remembered'
import { startUpload, uploads, type Upload } from './uploader'

/** A server of uploads, as small as it can be: offsets that only grow at their end. */
class Server {
  id = 0
  files = new Map<string, Uint8Array>()
  requests: string[] = []
  /** answers instead, once for each */
  faults: ((request: Request) => Response | Error | undefined)[] = []

  reply = (status: number, body: unknown) =>
    new Response(JSON.stringify(body), {
      status,
      headers: { 'Content-Type': 'application/json' },
    })

  fetch = async (request: Request): Promise<Response> => {
    const url = new URL(request.url)
    this.requests.push(`${request.method} ${url.pathname}${url.search}`)
    for (const [index, fault] of this.faults.entries()) {
      const answer = fault(request)
      if (!answer) continue
      this.faults.splice(index, 1)
      if (answer instanceof Error) throw answer
      return answer
    }
    const state = { upload_id: `u${this.id}`, chunk_limit: 1 << 20, kind: 'files' }
    if (url.pathname.endsWith('/uploads'))
      return this.reply(201, { ...state, upload_id: `u${++this.id}` })
    if (url.pathname.endsWith('/commit'))
      return this.reply(201, { id: `u${this.id}`, name: 'made' })
    if (request.method === 'PUT') return this.append(request, url)
    if (request.method === 'DELETE') return this.reply(200, { message: 'gone' })
    const files = [...this.files].map(([path, bytes]) => ({ path, offset: bytes.length }))
    const received_bytes = files.reduce((sum, { offset }) => sum + offset, 0)
    return this.reply(200, { ...state, files, received_bytes })
  }

  async append(request: Request, url: URL): Promise<Response> {
    const path = url.searchParams.get('path') ?? ''
    const old = this.files.get(path) ?? new Uint8Array()
    if (Number(url.searchParams.get('offset')) !== old.length)
      return this.reply(409, { detail: 'The file ends elsewhere', code: 'CONFLICT' })
    const piece = new Uint8Array(await request.arrayBuffer())
    const next = new Uint8Array(old.length + piece.length)
    next.set(old)
    next.set(piece, old.length)
    this.files.set(path, next)
    return this.reply(200, { offset: next.length })
  }
}

const isPut = (request: Request) => request.method === 'PUT'
let server: Server

/* jsdom's Blob cannot be read but by a FileReader. */
function readBlob(this: Blob): Promise<ArrayBuffer> {
  return new Promise((resolve) => {
    const reader = new FileReader()
    reader.onload = () => resolve(reader.result as ArrayBuffer)
    reader.readAsArrayBuffer(this)
  })
}

beforeEach(() => {
  Blob.prototype.arrayBuffer ??= readBlob
  server = new Server()
  vi.stubGlobal('fetch', (input: Request) =>
    String(input.url ?? input).endsWith('/health')
      ? Promise.resolve(new Response('{}'))
      : server.fetch(input),
  )
})
afterEach(() => {
  vi.unstubAllGlobals()
  localStorage.clear()
  rememberedUploads.set([])
})

const text = (path: string) => path.repeat(40)
const files = (): PathFile[] =>
  ['a/1.jpg', 'a/2.jpg', 'b/1.jpg'].map((path) => ({
    path,
    file: new File([text(path)], path, { lastModified: 1 }),
  }))

function start(more: Partial<Parameters<typeof startUpload>[0]> = {}): Upload {
  const batch = { files: files(), className: '' }
  return startUpload({
    projectId: 7,
    draft: { name: 'set', description: '', format: 'imagefolder', visibility: 'private' },
    plan: planOf([batch]),
    batches: [{ fingerprint: fingerprint(batch.files), className: '' }],
    ...more,
  })
}

const reaches = (upload: Upload, phase: string) =>
  vi.waitFor(() => expect(upload.state.get().phase).toBe(phase), { timeout: 5000 })

function expectAllThere() {
  const decoder = new TextDecoder()
  const there = [...server.files].map(([path, bytes]) => [path, decoder.decode(bytes)])
  expect(there.sort()).toEqual(files().map(({ path }) => [path, text(path)]))
}

it('sends every byte and makes the data set', async () => {
  const upload = start()
  await reaches(upload, 'done')
  expectAllThere()
  expect(upload.state.get()).toMatchObject({ doneFiles: 3, dataset: { id: 'u1' } })
  expect(rememberedUploads.get()).toEqual([])
})

it('goes on by itself after a lost connection, and sends nothing twice', async () => {
  server.faults.push((request) => (isPut(request) ? new TypeError('lost') : undefined))
  const upload = start()
  await reaches(upload, 'done')
  expectAllThere()
  expect(server.id).toBe(1)
})

it('stops at a full disk, keeps what has arrived, and goes on when told to', async () => {
  server.faults.push((request) =>
    isPut(request) ? server.reply(507, { detail: 'full', code: 'NO_SPACE' }) : undefined,
  )
  const upload = start()
  await reaches(upload, 'failed')
  expect(upload.state.get().error).toMatchObject({ status: 507, code: 'NO_SPACE' })
  expect(rememberedUploads.get()).toMatchObject([{ id: 'u1', projectId: 7, fileCount: 3 }])
  upload.goOn()
  await reaches(upload, 'done')
  expectAllThere()
  expect(server.id).toBe(1)
})

it('goes on with an upload of an earlier visit from the offsets of the server', async () => {
  server.id = 1
  server.files.set('a/1.jpg', new TextEncoder().encode(text('a/1.jpg')))
  server.files.set('a/2.jpg', new TextEncoder().encode(text('a/2.jpg').slice(0, 100)))
  const resume = { id: 'u1', projectId: 7, kind: 'files', fileCount: 3, bytes: 840, begunAt: 0 }
  const upload = start({ resume: resume as never })
  await reaches(upload, 'done')
  expectAllThere()
  const puts = server.requests.filter((line) => line.startsWith('PUT'))
  expect(puts).toHaveLength(2)
  expect(puts.some((line) => line.includes('offset=100'))).toBe(true)
})

it('begins anew when the server has forgotten it', async () => {
  const gone = () => server.reply(404, { detail: 'Upload not found', code: 'NOT_FOUND' })
  server.faults.push((request) => (request.method === 'GET' ? gone() : undefined))
  const upload = start()
  await reaches(upload, 'failed')
  expect(rememberedUploads.get()).toEqual([])
  upload.goOn()
  await reaches(upload, 'done')
  expect(server.id).toBe(2)
})

it('throws away on the server what is cancelled', async () => {
  server.faults.push((request) =>
    isPut(request) ? server.reply(507, { detail: 'full', code: 'NO_SPACE' }) : undefined,
  )
  const upload = start()
  await reaches(upload, 'failed')
  await upload.cancel()
  expect(server.requests.at(-1)).toBe('DELETE /api/v1/uploads/u1')
  expect(rememberedUploads.get()).toEqual([])
})

/** Holds back the answer to the first request of this kind. */
function holdBack(method: string) {
  const { fetch } = server
  const held = { isThere: false, release: () => {} }
  server.fetch = async (request) => {
    const answer = await fetch(request)
    if (request.method !== method || held.isThere) return answer
    held.isThere = true
    await new Promise<void>((resolve) => (held.release = resolve))
    return answer
  }
  return held
}
const isAsked = (held: { isThere: boolean }) => vi.waitFor(() => expect(held.isThere).toBe(true))
const settles = () => new Promise((resolve) => setTimeout(resolve, 20))

it.each(['POST', 'GET'])('is paused while its first %s is under way', async (method) => {
  const held = holdBack(method)
  const upload = start()
  await isAsked(held)
  upload.pause()
  held.release()
  await settles()
  expect(upload.state.get().phase).toBe('paused')
  expect(server.requests.filter((line) => line.startsWith('PUT'))).toEqual([])
  upload.goOn()
  await reaches(upload, 'done')
  expectAllThere()
  expect(server.id).toBe(1)
})

it('begins once when it is paused and gone on with before the server answers', async () => {
  const held = holdBack('POST')
  const upload = start()
  await isAsked(held)
  upload.pause()
  upload.goOn()
  held.release()
  await reaches(upload, 'done')
  expect(server.id).toBe(1)
})

it('is thrown away when it is cancelled before the server has named it', async () => {
  const held = holdBack('POST')
  const upload = start()
  await isAsked(held)
  const cancelled = upload.cancel()
  held.release()
  await cancelled
  await settles()
  expect(server.requests.at(-1)).toBe('DELETE /api/v1/uploads/u1')
  expect(upload.state.get().phase).toBe('cancelled')
  expect(rememberedUploads.get()).toEqual([])
})

/** Would the tab be closed without a question? */
const closes = () => dispatchEvent(new Event('beforeunload', { cancelable: true }))

it('asks before the tab is closed, whatever page is shown, as long as it is going', async () => {
  const held = holdBack('PUT')
  const upload = start()
  await isAsked(held)
  expect(closes()).toBe(false)
  upload.pause()
  expect(closes()).toBe(true)
  upload.goOn()
  expect(closes()).toBe(false)
  held.release()
  await reaches(upload, 'done')
  await settles()
  expect(closes()).toBe(true)
})

it('says on any page how it ended, and leads away only who looks at it', async () => {
  const success = vi.spyOn(toast, 'success')
  const error = vi.spyOn(toast, 'error')
  await reaches(start(), 'done')
  expect(uploads.get().has(7)).toBe(false)
  const seen = start()
  seen.watch()
  await reaches(seen, 'done')
  expect(uploads.get().get(7)).toBe(seen)
  expect(success).toHaveBeenCalledTimes(2)
  seen.leave()
  server.faults.push((request) =>
    isPut(request) ? server.reply(507, { detail: 'full', code: 'NO_SPACE' }) : undefined,
  )
  server.files.clear()
  const failed = start()
  await reaches(failed, 'failed')
  expect(error).toHaveBeenCalledOnce()
  expect(uploads.get().get(7)).toBe(failed)
  failed.leave()
})
