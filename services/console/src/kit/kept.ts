/** What this browser keeps, as JSON. A page goes on where it keeps nothing: full, or forbidden. */

/** undefined where nothing is kept, or what is there is no JSON. */
export function readKept(key: string): unknown {
  try {
    return JSON.parse(localStorage.getItem(key) ?? '') as unknown
  } catch {
    return undefined
  }
}

/** Where that cannot be, what was kept before stays. */
export function keep(key: string, value: unknown): void {
  try {
    localStorage.setItem(key, JSON.stringify(value))
  } catch {
    // It lasts as long as the page then.
  }
}
