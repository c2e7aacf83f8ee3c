/** Finds the links of a page, in a thread of its own: a page of many megabytes holds up no fetch. */
import { AllowAny, expose, Service } from '@troupe/worker-host'

export class LinkFinder extends Service {
  /** @returns each link once, as an absolute URL, in the order of the page */
  @expose(AllowAny, { idempotent: true })
  find(html: string, base: string): readonly string[] {
    const links = html.matchAll(/<a\s[^>]*href="([^"]+)"/gi)
    return [...new Set(Array.from(links, ([, href]) => new URL(href!, base).href))]
  }
}
