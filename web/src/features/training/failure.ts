/* failure.ts - why a job failed, in kinds that the texts know: what to do differs between them. */

const kinds = [
  ['memory', /out of memory|does not fit into memory|memory limit|cannot allocate|oom/i],
  ['disk', /disk is full|no space left|quota/i],
  ['diverged', /diverged|not finite|nan\b/i],
  ['data', /breaks its format|cannot be read|no images|not a dataset|labels?|classes/i],
  ['missing', /is missing|not found|no such file/i],
  ['lost', /lost contact|no longer answers|heartbeat/i],
  ['killed', /killed|signal 9|SIGKILL|ended by a signal|ended without/i],
  ['crashed', /crashed|signal (4|6|7|8|11)\b/i],
  ['busy', /another process uses/i],
  ['settings', /do not fit|must be|not supported|unknown/i],
] as const

export type FailureKind = (typeof kinds)[number][0] | 'unknown'

export const failureKind = (message: string): FailureKind =>
  kinds.find(([, words]) => words.test(message))?.[0] ?? 'unknown'

/** The engine's warning that random weights were used although pretrained ones were wished. */
export const SCRATCH = /trained from scratch/i
