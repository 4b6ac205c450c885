/* fetched.ts - parts of the program that come when they are wanted, from a server that may be away
 * just then: they are waited for.  A browser may remember that a module did not come and never ask
 * for it again (HTML did so until 2026), so the page is loaded anew once the server answers. */
import { reach, whenThere } from '@/api/connection'

const KEY = 'loaded-anew'
const TWICE_MS = 30_000

/** A part that the server has, but that does not work, must not load the page for ever. */
function mayLoadAnew(): boolean {
  const last = Number(sessionStorage.getItem(KEY) ?? 0)
  sessionStorage.setItem(KEY, String(Date.now()))
  return Date.now() - last > TWICE_MS
}

/** load, patiently.  loadAnew brings the user where the part is wanted; it is asked before it loses
 * what was typed, as every page is. */
export const fetched =
  <T>(load: () => Promise<T>, loadAnew = () => location.reload()) =>
  async (): Promise<T> => {
    if (reach.get() === 'lost') await whenThere()
    try {
      return await load()
    } catch (error) {
      await whenThere()
      if (!mayLoadAnew()) throw error
      loadAnew()
      return new Promise(() => {})
    }
  }
