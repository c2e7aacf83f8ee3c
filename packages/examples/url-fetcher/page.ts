/** One page: how it is fetched, and what became of it. */

export interface Page {
  readonly path: string
  readonly outcome: 'fetched' | 'moved' | 'failed'
  /** Where it has moved to, or why it failed. */
  readonly remark?: string
  /** Where its links start from: the address that it was found at. */
  readonly url: string
  readonly html: string
}

export interface FetchOptions {
  readonly signal: AbortSignal
  /** What it may take. @unit milliseconds */
  readonly patienceMs: number
}

/** Never rejects: a page that can't be had is a result too. */
export async function fetchPage(url: string, { signal, patienceMs }: FetchOptions): Promise<Page> {
  const path = pathOf(url)
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, AbortSignal.timeout(patienceMs)]) })
    const html = await response.text()
    if (!response.ok) return { path, outcome: 'failed', remark: `status ${response.status}`, url, html: '' }
    if (response.redirected)
      return { path, outcome: 'moved', remark: `to ${pathOf(response.url)}`, url: response.url, html }
    return { path, outcome: 'fetched', url, html }
  } catch (error) {
    return { path, outcome: 'failed', remark: innermost(error as Error).message, url, html: '' }
  }
}

export const pathOf = (url: string): string => new URL(url).pathname

export const lineOf = ({ path, outcome, remark }: Page): string =>
  `${outcome.padEnd(7)} ${path}${remark === undefined ? '' : `, ${remark}`}`

/** `fetch` itself only ever says "fetch failed". */
const innermost = (error: Error): Error => (error.cause instanceof Error ? innermost(error.cause) : error)
