/* yaml.ts - settings as YAML, and what somebody typed read back.  The library is as large as a page:
 * import this only from what is itself loaded when it is asked for. */
import { parseDocument, stringify, type YAMLError } from 'yaml'

export type YamlReason = 'indent' | 'colon' | 'twice' | 'tab' | 'quote' | 'bracket' | 'yaml'

export class YamlError extends Error {
  constructor(
    /** from 1; null: of the text as a whole */
    readonly line: number | null,
    readonly reason: YamlReason,
  ) {
    super(`line ${line}: ${reason}`)
  }
}

/** Texts that readers of YAML 1.1 would take for something else, "yes" say, are quoted. */
export const toYaml = (value: unknown): string =>
  stringify(value, { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' })

/** The library's codes are many and its words are for programmers: few that say what to mend. */
function reasonOf({ code, message }: YAMLError, found: string, isLineStart: boolean): YamlReason {
  if (code === 'TAB_AS_INDENT') return 'tab'
  if (code === 'DUPLICATE_KEY') return 'twice'
  if (code === 'BLOCK_AS_IMPLICIT_KEY') return 'colon'
  if (code === 'MISSING_CHAR') return /closing/.test(message) ? 'quote' : 'colon'
  if (code === 'BAD_INDENT') return /end with a/.test(message) ? 'bracket' : 'indent'
  if (code === 'UNEXPECTED_TOKEN' && /[\]}]/.test(found)) return 'bracket'
  return code === 'UNEXPECTED_TOKEN' && isLineStart ? 'indent' : 'yaml'
}

function problemOf(errors: readonly YAMLError[], source: string): YamlError {
  // A key that goes on in the next line is in truth a line that is indented too far.
  for (const { code, linePos } of errors) {
    const end = linePos?.[1]?.line
    if (code === 'MULTILINE_IMPLICIT_KEY' && end && end > linePos[0].line)
      return new YamlError(end, 'indent')
  }
  const first = errors[0]!
  const { line, col } = first.linePos?.[0] ?? { line: 1, col: 1 }
  const text = source.split('\n')[line - 1] ?? ''
  const isLineStart = !text.slice(0, col - 1).trim()
  return new YamlError(line, reasonOf(first, text[col - 1] ?? '', isLineStart))
}

/** A text without any value is an empty mapping.  Throws YamlError. */
export function fromYaml(source: string): unknown {
  const text = source.trimEnd() // what is missing at the end is missing in the last line of words
  const document = parseDocument(text)
  if (document.errors.length) throw problemOf(document.errors, text)
  try {
    return document.toJS() ?? {}
  } catch {
    throw new YamlError(null, 'yaml') // a reference to what is not there, or to far too much
  }
}
