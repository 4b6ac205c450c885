import { describe, expect, it } from 'vitest'
import type { Project, User } from './queries'
import { mayInProject } from './roles'

const project = (role: string) => ({ user_role: role }) as Project
const user = (role: string) => ({ system_role: role }) as User

describe('mayInProject', () => {
  it.each([
    ['guest', 'owner', 'view', true],
    ['guest', 'owner', 'work', false],
    ['guest', 'member', 'work', false],
    ['standard_engineer', 'viewer', 'work', false],
    ['standard_engineer', 'member', 'work', true],
    ['standard_engineer', 'member', 'manage', false],
    ['standard_engineer', 'owner', 'own', true],
    ['admin', '', 'own', true],
  ] as const)('%s who is "%s": %s is %s', (system, role, right, expected) => {
    expect(mayInProject(project(role), right, user(system))).toBe(expected)
  })
})
