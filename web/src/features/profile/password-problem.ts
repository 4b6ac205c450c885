const LEAST = 8
const MOST = 100

type Problem = {
  field: 'current' | 'next' | 'again'
  words: 'current_needed' | 'length' | 'same' | 'differ'
}

/** The first thing wrong with a change of the password, before the server is asked. */
export function passwordProblem(draft: {
  current: string
  next: string
  again: string
}): Problem | null {
  if (!draft.current) return { field: 'current', words: 'current_needed' }
  if (draft.next.length < LEAST || draft.next.length > MOST)
    return { field: 'next', words: 'length' }
  if (draft.next === draft.current) return { field: 'next', words: 'same' }
  return draft.next === draft.again ? null : { field: 'again', words: 'differ' }
}
