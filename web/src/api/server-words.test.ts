import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { setLocale } from '@/i18n/i18n'
import { ApiError, errorFrom, errorText, fieldError } from './errors'

beforeAll(() => setLocale('ko', false))
afterAll(() => setLocale('en', false))

/* Sentences as the server writes them. */
const sentences: [string, string][] = [
  ['User is already a member', '이미 프로젝트 멤버입니다'],
  ['This is the last administrator', '마지막 관리자'],
  ['Cannot resume: the job has no checkpoint yet', '이어서 학습할 수 없습니다'],
  ['This link is not valid, or no longer', '만료된 링크'],
  ['The job is running; stop it first, or use force=1', '먼저 중지하세요'],
  ['Cannot start job with status: running', '지금 상태에서는 할 수 없습니다: 실행'],
  ['Epochs must be between 1 and 100000', '에폭: 1 이상 100000 이하'],
  ['The dataset is in use by training job 12 (cats)', '12번'],
  ['A project needs a name of 1 to 200 bytes', '1~200바이트'],
  ['The password must have 8 to 100 characters', '8~100자'],
]

const fields: [string, string][] = [
  ['must be a whole number', '정수를 입력하세요'],
  ['epochs must be a whole number, not 1.5', '정수를 입력하세요'],
  ['must be at least 0.5', '0.5 이상이어야 합니다'],
  ['must be one of: adam, sgd', '다음 중 하나여야 합니다: adam, sgd'],
  ["mode must be one of max, min, not 'x'", '다음 중 하나여야 합니다: max, min'],
  ['limit must lie between 1 and 64, not 100', '1 이상 64 이하여야 합니다'],
  ['unknown field', '이 모델에 없는 설정입니다'],
  ['name is required', '필수 항목입니다'],
  ['experiment_name must have at most 200 bytes', '최대 200바이트'],
]

const refused = (msg: string, loc = ['body', 'epochs']) =>
  errorFrom(422, { detail: [{ loc, msg }], code: 'VALIDATION_ERROR' })

describe('what the server has against it, in Korean', () => {
  it.each(sentences)('%s', (sentence, words) => {
    expect(errorText(new ApiError(409, 'CONFLICT', sentence))).toContain(words)
    expect(errorText(new ApiError(409, 'CONFLICT', sentence))).not.toMatch(/job|must/)
  })
  it.each(fields)('of a field: %s', (message, words) => {
    const told = fieldError(refused(message), 'epochs')
    expect(told).toContain(words)
    expect(errorText(refused(message))).toContain(`epochs: ${told}`)
  })
})

it('keeps what it does not know, and the name of a field that nothing else names', () => {
  expect(errorText(new ApiError(409, 'CONFLICT', 'something new'))).toContain('(something new)')
  expect(fieldError(refused('something new'), 'epochs')).toBe('something new')
  expect(errorText(refused("unknown field 'eposch'", ['body']))).toContain("'eposch'")
})
