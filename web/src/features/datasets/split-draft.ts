/* split-draft.ts - shares in percent as they are typed. */
export type SplitDraft = { train: string; val: string; test: string; seed: string }

/** As it is divided now, in whole percents that make 100. */
export function draftOf(splits: { train: number; val: number; test: number }): SplitDraft {
  const sum = splits.train + splits.val + splits.test
  if (!sum) return { train: '80', val: '20', test: '0', seed: '1' }
  const val = Math.round((100 * splits.val) / sum)
  const test = Math.round((100 * splits.test) / sum)
  return { train: String(100 - val - test), val: String(val), test: String(test), seed: '1' }
}

export function problemOf(draft: SplitDraft): 'must_be_100' | 'train_needed' | null {
  const shares = [draft.train, draft.val, draft.test].map((text) => (text === '' ? NaN : +text))
  const isOff = shares.some((share) => !(share >= 0))
  if (isOff || Math.abs(shares.reduce((a, b) => a + b, 0) - 100) > 1e-6) return 'must_be_100'
  return shares[0]! > 0 ? null : 'train_needed'
}
