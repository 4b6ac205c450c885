/* rate.ts - how fast bytes go, over the last seconds: neither jumping nor of an hour ago. */

const WINDOW_MS = 6000
const LEAST_MS = 700

export function createRate() {
  let seen: { bytes: number; at: number }[] = []
  return {
    /** Bytes per second; null until there is enough to say so. */
    note(bytes: number, at: number): number | null {
      seen.push({ bytes, at })
      while (seen.length > 2 && at - seen[0]!.at > WINDOW_MS) seen.shift()
      const first = seen[0]!
      return at - first.at < LEAST_MS ? null : ((bytes - first.bytes) / (at - first.at)) * 1000
    },
    /** After a break, which would count as slowness. */
    restart() {
      seen = []
    },
  }
}
