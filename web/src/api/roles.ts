/* roles.ts - who may do what, for hiding what would be refused anyway; the server decides. */
import type { Project, User } from './queries'

/** From the least to the greatest. */
export const ladder = [
  'guest',
  'standard_engineer',
  'advanced_engineer',
  'manager',
  'admin',
] as const
export type SystemRole = (typeof ladder)[number]

/** Has the user this role of the platform, or a higher one? */
export const hasRole = (user: User | null | undefined, least: SystemRole) =>
  Boolean(user) && ladder.indexOf(user!.system_role as SystemRole) >= ladder.indexOf(least)

const rights = {
  view: ['viewer', 'member', 'admin', 'owner'],
  work: ['member', 'admin', 'owner'],
  manage: ['admin', 'owner'],
  own: ['owner'],
}

/** May the caller do this in the project?  "work": upload, make and run jobs. */
export const mayInProject = (
  project: Project | undefined,
  right: keyof typeof rights,
  user?: User | null,
) =>
  hasRole(user, 'admin') ||
  ((right === 'view' || user?.system_role !== 'guest') &&
    rights[right].includes(project?.user_role ?? ''))
