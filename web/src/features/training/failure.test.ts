import { expect, it } from 'vitest'
import { failureKind } from './failure'

it.each([
  ['CUDA out of memory', 'memory'],
  ['it does not fit into memory: 9 GB are needed', 'memory'],
  ['the disk is full', 'disk'],
  ['the training diverged: a value is not finite', 'diverged'],
  ['a file breaks its format, or too many images cannot be read', 'data'],
  ['a file or folder is missing', 'missing'],
  ['the engine was killed (signal 9, SIGKILL)', 'killed'],
  ['the engine crashed (signal 11, SIGSEGV)', 'crashed'],
  ['another process uses the output folder', 'busy'],
  ['the options or the configuration do not fit', 'settings'],
  ['something new', 'unknown'],
])('%s: %s', (message, kind) => expect(failureKind(message)).toBe(kind))
