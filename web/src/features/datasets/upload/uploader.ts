/* uploader.ts - sends the files of a plan, piece by piece, until all of them are there.
 *
 * The server's offsets are the truth: whenever something breaks (a lost connection, a restart of the
 * server, a page that was reloaded) they are asked for, and what is missing is sent.  Runs outlive
 * the component that began them: `uploads` has them, and how one ends is said on any page. */
import { api, ok, type Schemas } from '@/api/client'
import { onBack } from '@/api/connection'
import { ApiError, errorText, isStatus } from '@/api/errors'
import { keys } from '@/api/keys'
import { queryClient } from '@/api/query'
import type { Dataset } from '@/api/queries'
import { createStore, type Store } from '@/api/store'
import { t } from '@/i18n/i18n'
import type { PathFile } from '@/ui/dropped-files'
import { toast } from '@/ui/toast'
import type { Plan } from './plan'
import { createRate } from './rate'
import { claim, forget, release, remember, type Draft, type Remembered } from './remembered'

type Phase =
  | 'starting'
  | 'sending'
  /** the server does not answer; goes on by itself */
  | 'waiting'
  | 'paused'
  | 'committing'
  | 'done'
  | 'failed'
  | 'cancelled'

export type UploadState = {
  phase: Phase
  sentBytes: number
  totalBytes: number
  doneFiles: number
  totalFiles: number
  bytesPerSecond: number | null
  secondsLeft: number | null
  /** on their way now */
  active: readonly { path: string; sent: number; size: number }[]
  error: ApiError | null
  dataset: Dataset | null
}

const AT_ONCE = 4
const PIECE_FIRST = 1 << 20
const PIECE_LEAST = 256 << 10
const PIECE_MOST = 8 << 20
const PIECE_SECONDS = 1.5 // what a piece should take, so that the bars move and little is sent twice
const WAIT_MOST_MS = 15_000

type Job = {
  projectId: number
  draft: Draft
  plan: Plan
  batches: Remembered['batches']
  /** an upload that goes on */
  resume?: Remembered
}

export type Upload = {
  job: Job
  state: Store<UploadState>
  pause: () => void
  /** after a pause or a failure */
  goOn: () => void
  /** and the server throws away what has arrived */
  cancel: () => Promise<void>
  /** somebody looks at it, until the answer is called */
  watch: () => () => void
  /** it is not shown any more; what has arrived stays */
  leave: () => void
}

/* No answer, or one of a proxy that has none: what our server says has a code of its own. */
const isPassing = (error: unknown) =>
  error instanceof ApiError &&
  ([0, 429, 502, 503, 504].includes(error.status) ||
    (error.status >= 500 && error.code === `HTTP_${error.status}`))

const running = createStore<ReadonlyMap<number, Upload>>(new Map())
export const uploads = running

function keep(projectId: number, upload: Upload | null): void {
  const next = new Map(running.get())
  if (upload) next.set(projectId, upload)
  else next.delete(projectId)
  running.set(next)
}

const goingPhases: readonly Phase[] = ['starting', 'sending', 'waiting', 'committing']
const isGoing = ({ state }: Upload) => goingPhases.includes(state.get().phase)
const askBeforeUnload = (event: BeforeUnloadEvent) => event.preventDefault()

/** The tab is not closed without a question while one is going. */
function guard(): void {
  if ([...running.get().values()].some(isGoing)) addEventListener('beforeunload', askBeforeUnload)
  else removeEventListener('beforeunload', askBeforeUnload)
}

/** Until the server is back, or a while. */
function pauseFor(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const finish = () => {
      clearTimeout(timer)
      stop()
      resolve()
    }
    const timer = setTimeout(finish, ms)
    const stop = onBack(finish)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      stop()
      reject(new DOMException('', 'AbortError'))
    })
  })
}

const upload = (id: string) => ({ path: { upload: id } })

const begin = ({ draft, projectId, plan }: Job) =>
  ok(
    api.POST('/api/v1/uploads', {
      body: {
        kind: plan.kind,
        total_bytes: plan.bytes,
        filename: plan.kind === 'archive' ? plan.files[0]!.path : null,
        dataset: { ...draft, project_id: projectId } as never,
      },
    }),
  )

const sendPiece = (
  id: string,
  path: string | undefined,
  offset: number,
  piece: ArrayBuffer,
  signal: AbortSignal,
) =>
  ok(
    api.PUT('/api/v1/uploads/{upload}', {
      params: { ...upload(id), query: { offset, ...(path === undefined ? {} : { path }) } },
      body: piece as never,
      bodySerializer: (body) => body as never,
      headers: { 'Content-Type': 'application/octet-stream' },
      signal,
    }),
  )

/** Read before it is sent, so that a file that has changed on the disk is no network failure. */
async function read(file: File, from: number, to: number): Promise<ArrayBuffer> {
  try {
    return await file.slice(from, to).arrayBuffer()
  } catch {
    throw new ApiError(-1, 'FILE_CHANGED', file.name)
  }
}

type Progress = { sent: Map<string, number>; active: Map<string, number> }

/** Begins, or goes on with, the upload of a plan. */
export function startUpload(job: Job): Upload {
  const { plan } = job
  const sizes = new Map(plan.files.map(({ path, file }) => [path, file.size]))
  const rate = createRate()
  const progress: Progress = { sent: new Map(), active: new Map() }
  let id = job.resume?.id ?? null
  let beginning: Promise<void> | null = null
  let watchers = 0
  let pieceBytes = PIECE_FIRST
  let pieceLimit = PIECE_MOST
  let ending = new AbortController()

  const state = createStore<UploadState>({
    phase: 'starting',
    sentBytes: 0,
    totalBytes: plan.bytes,
    doneFiles: 0,
    totalFiles: plan.files.length,
    bytesPerSecond: null,
    secondsLeft: null,
    active: [],
    error: null,
    dataset: null,
  })
  const set = (change: Partial<UploadState>) => state.set({ ...state.get(), ...change })

  function show(): void {
    let sentBytes = 0
    let doneFiles = 0
    for (const [path, sent] of progress.sent) {
      sentBytes += sent
      if (sent === sizes.get(path)) doneFiles++
    }
    const bytesPerSecond = rate.note(sentBytes, performance.now())
    set({
      sentBytes,
      doneFiles,
      bytesPerSecond,
      secondsLeft: bytesPerSecond ? (plan.bytes - sentBytes) / bytesPerSecond : null,
      active: [...progress.active].map(([path, sent]) => ({
        path,
        sent,
        size: sizes.get(path) ?? 0,
      })),
    })
  }

  async function open(): Promise<void> {
    const session = await begin(job)
    id = session.upload_id
    pieceLimit = Math.min(PIECE_MOST, session.chunk_limit)
    claim(id)
    remember({
      id,
      projectId: job.projectId,
      draft: job.draft,
      kind: plan.kind,
      batches: job.batches,
      fileCount: plan.files.length,
      bytes: plan.bytes,
      begunAt: Date.now(),
    })
  }

  /** What the server has; forgets what it does not know any more. */
  async function look(signal: AbortSignal): Promise<void> {
    // Never broken off: the server would keep an upload that nobody knows of.
    if (!id) await (beginning ??= open().finally(() => (beginning = null)))
    signal.throwIfAborted()
    const known = await ok(api.GET('/api/v1/uploads/{upload}', { params: upload(id!), signal }))
    signal.throwIfAborted()
    progress.sent = arrived(known, plan)
    progress.active.clear()
    rate.restart()
    show()
  }

  async function sendFile({ path, file }: PathFile, signal: AbortSignal): Promise<void> {
    let offset = progress.sent.get(path) ?? 0
    const isBegun = progress.sent.has(path)
    if (isBegun && offset >= file.size) return
    progress.active.set(path, offset)
    do {
      const end = Math.min(file.size, offset + Math.min(pieceBytes, pieceLimit))
      const began = performance.now()
      const name = plan.kind === 'archive' ? undefined : path
      await sendPiece(id!, name, offset, await read(file, offset, end), signal)
      const seconds = (performance.now() - began) / 1000
      if (end - offset >= pieceBytes)
        pieceBytes = Math.max(
          PIECE_LEAST,
          Math.min(
            PIECE_MOST,
            Math.round((pieceBytes * PIECE_SECONDS) / Math.max(seconds, PIECE_SECONDS / 2)),
          ),
        )
      offset = end
      progress.sent.set(path, offset)
      progress.active.set(path, offset)
      show()
    } while (offset < file.size)
    progress.active.delete(path)
  }

  async function sendAll(signal: AbortSignal): Promise<void> {
    const failing = new AbortController()
    const either = AbortSignal.any([signal, failing.signal])
    let next = 0
    const worker = async () => {
      while (next < plan.files.length) await sendFile(plan.files[next++]!, either)
    }
    const workers = Array.from({ length: AT_ONCE }, worker)
    try {
      await Promise.all(workers)
    } catch (error) {
      failing.abort()
      await Promise.allSettled(workers)
      throw error
    }
  }

  async function once(signal: AbortSignal): Promise<Dataset> {
    await look(signal)
    set({ phase: 'sending', error: null })
    await sendAll(signal)
    signal.throwIfAborted() // there may have been nothing left to send
    set({ phase: 'committing', active: [], bytesPerSecond: null, secondsLeft: null })
    return (await ok(
      api.POST('/api/v1/uploads/{upload}/commit', { params: upload(id!), signal }),
    )) as Dataset
  }

  function fail(error: unknown): void {
    const known = error instanceof ApiError ? error : new ApiError(-1, 'UPLOAD', String(error))
    if (id && known.status === 404) forget(id)
    set({ phase: 'failed', error: known, active: [] })
    const { name } = job.draft
    if (!watchers)
      toast.error(t('datasets.upload.failed_elsewhere', { name, reason: errorText(known) }))
  }

  function end(dataset: Dataset): void {
    forget(id!)
    set({ phase: 'done', dataset })
    toast.success(t('datasets.upload.uploaded', { name: dataset.name }))
    void queryClient.invalidateQueries({ queryKey: keys.datasets() })
    void queryClient.invalidateQueries({ queryKey: keys.projects })
    // Who looks at it goes on from here; who does not is not led away from another page later.
    if (!watchers) leave()
  }

  function leave(): void {
    keep(job.projectId, null)
    if (id) release(id)
    guard()
  }

  async function run(): Promise<void> {
    const { signal } = (ending = new AbortController())
    let wait = 1000
    for (let conflicts = 0; ;)
      try {
        return end(await once(signal))
      } catch (error) {
        if (signal.aborted) return
        // Another request of ours is still being written there: its offset is asked for again.
        const isBehind = isStatus(error, 409) && conflicts++ < 3
        if (!isPassing(error) && !isBehind) return fail(error)
        set({ phase: 'waiting', error: error as ApiError, active: [] })
        try {
          await pauseFor(wait, signal)
        } catch {
          return
        }
        wait = Math.min(wait * 2, WAIT_MOST_MS)
      }
  }

  function start(): void {
    void run().finally(guard)
    guard()
  }

  const result: Upload = {
    job,
    state,
    leave,
    watch: () => {
      watchers++
      return () => void watchers--
    },
    pause: () => {
      ending.abort()
      set({ phase: 'paused', active: [], bytesPerSecond: null, secondsLeft: null })
      guard()
    },
    goOn: () => {
      if (state.get().error?.status === 404) id = null // it has expired: from the beginning
      set({ phase: 'starting', error: null })
      start()
    },
    cancel: async () => {
      ending.abort()
      set({ phase: 'cancelled', active: [] })
      leave()
      await beginning?.catch(() => undefined)
      if (id) await discardUpload(id)
    },
  }
  keep(job.projectId, result)
  if (id) claim(id)
  start()
  return result
}

/** The offsets of the plan's files; an archive is one file without a path. */
function arrived(known: Schemas['UploadState'], plan: Plan): Map<string, number> {
  if (plan.kind === 'archive') return new Map([[plan.files[0]!.path, known.received_bytes]])
  const wanted = new Set(plan.files.map(({ path }) => path))
  return new Map(
    known.files.filter(({ path }) => wanted.has(path)).map(({ path, offset }) => [path, offset]),
  )
}

/** Throws away what has arrived; one that is gone already is fine. */
export async function discardUpload(id: string): Promise<void> {
  try {
    await ok(api.DELETE('/api/v1/uploads/{upload}', { params: upload(id) }))
  } catch (error) {
    if (!isStatus(error, 404)) throw error
  }
  forget(id)
}
