import { hasRole, ladder, type SystemRole } from '@/api/roles'
import type { User } from '@/api/queries'

/** What one may give to others: an administrator every role, a manager those below the own. */
export const rolesToGive = (me: User | null): readonly SystemRole[] =>
  hasRole(me, 'admin') ? ladder : ladder.slice(0, Math.max(0, ladder.indexOf('manager')))
