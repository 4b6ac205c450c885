import { matchRoutes } from 'react-router-dom'
import { expect, it } from 'vitest'
import { router } from './router'

const routeOf = (path: string) => matchRoutes(router.routes, path)?.at(-1)?.route

it('knows the other address of the dashboard', () => {
  expect(routeOf('/dashboard')).toMatchObject({ element: { props: { to: '/', replace: true } } })
  expect(routeOf('/')?.path).toBe('/')
  expect(routeOf('/no/such/page')?.path).toBe('*')
})
