import { useEffect, useRef, type RefObject } from 'react'
import { useLocation, useNavigationType } from 'react-router-dom'

/** The tabs of a page are no pages. */
const pageOf = (pathname: string) => (pathname.startsWith('/admin') ? '/admin' : pathname)

/** A new page begins at its top, and keys and screen readers begin in it.  [back] finds the place
 * where it was, and an address with a hash names its own. */
export function useArrival(content: RefObject<HTMLElement | null>): void {
  const { pathname, hash } = useLocation()
  const isBack = useNavigationType() === 'POP'
  const page = pageOf(pathname)
  const last = useRef(page)
  useEffect(() => {
    if (last.current === page) return
    last.current = page
    if (isBack || hash) return
    scrollTo(0, 0)
    content.current?.focus({ preventScroll: true })
  }, [page, isBack, hash, content])
}
