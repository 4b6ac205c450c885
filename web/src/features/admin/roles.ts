import { hasRole, type SystemRole } from '@/api/roles'
import type { User } from '@/api/queries'

/** From the least to the greatest. */
export const ladder: readonly SystemRole[] = [
  'guest',
  'standard_engineer',
  'advanced_engineer',
  'manager',
  'admin',
]

/** What one may give to others: an administrator every role, a manager those below the own. */
export const rolesToGive = (me: User | null): readonly SystemRole[] =>
  hasRole(me, 'admin') ? ladder : ladder.slice(0, Math.max(0, ladder.indexOf('manager')))
