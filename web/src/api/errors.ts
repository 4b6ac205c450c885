/* errors.ts - what went wrong, in words for the reader. */
import { t, tMaybe } from '@/i18n/i18n'
import { fieldWords, serverWords } from './server-words'

type FieldProblem = { field: string; message: string }

/** status 0: the server did not answer. */
export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly fields: FieldProblem[] = [],
  ) {
    super(detail)
    this.name = 'ApiError'
  }
}

const listOf = (fields: readonly FieldProblem[], words: (problem: FieldProblem) => string) =>
  fields.map((f) => (f.field ? `${f.field}: ${words(f)}` : words(f))).join('; ')

type Problem = { loc?: (string | number)[]; msg?: string }

/** From the body of an answer: {"detail": text | [problem], "code"}. */
export function errorFrom(status: number, body: unknown): ApiError {
  const { detail, code } = (body ?? {}) as { detail?: unknown; code?: unknown }
  const known = typeof code === 'string' ? code : `HTTP_${status}`
  if (Array.isArray(detail)) {
    const fields = (detail as Problem[]).map((problem) => ({
      field: (problem.loc ?? []).filter((part) => part !== 'body').join('.'),
      message: problem.msg ?? '',
    }))
    const text = listOf(fields, ({ message }) => message)
    return new ApiError(status, known, text, fields)
  }
  return new ApiError(status, known, typeof detail === 'string' ? detail : '')
}

const wordsOf = ({ field, message }: FieldProblem) =>
  (field ? fieldWords(message) : serverWords(message)) ?? message

/** One sentence: the text of the server's sentence where it is a known one, else of its code. */
export function errorText(error: unknown): string {
  if (!(error instanceof ApiError)) return error instanceof Error ? error.message : String(error)
  const sentence = error.fields.length ? undefined : serverWords(error.detail)
  if (sentence) return sentence
  const general = tMaybe(`errors.codes.${error.code}`)
  const detail = error.fields.length ? listOf(error.fields, wordsOf) : error.detail
  // A code says what kind of failure it is, the server's sentence says which one.
  if (general && detail) return `${general} (${detail})`
  return general ?? (detail || t('errors.unknown', { status: error.status }))
}

/** What the server has against a field of a form. */
export function fieldError(error: unknown, field: string): string | undefined {
  if (!(error instanceof ApiError)) return undefined
  const found = error.fields.find((f) => f.field === field || f.field.endsWith('.' + field))
  return found && wordsOf(found)
}

export const isStatus = (error: unknown, status: number) =>
  error instanceof ApiError && error.status === status
