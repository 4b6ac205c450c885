/* recognise.ts - sentences that the server writes, known again by their form, so that they can be said
 * in the reader's language. */

export type Rule<Name> = readonly [form: RegExp, words: Name, names?: readonly string[]]

/** Which of the sentences it is, and what its names stand for. */
export function recognise<Name>(sentence: string, known: readonly Rule<Name>[]) {
  for (const [form, words, names] of known) {
    const found = form.exec(sentence)
    if (!found) continue
    const values = Object.fromEntries((names ?? []).map((name, i) => [name, found[i + 1] ?? '']))
    return { words, values }
  }
  return null
}
