import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { pageOf } from '../../../src/cli/timeline/html.ts'
import { imageOf } from '../../../src/cli/timeline/svg.ts'
import { BROWSER, Browser, type View } from '../../support/clients/browser.ts'
import { FINE, LOOK, type Look } from '../../support/clients/look.ts'
import { REPORTS } from '../../support/hooks/reports.ts'
import { folder } from '../../support/programs/command-line.ts'

const VIEWS: View[] = [360, 768, 1280].flatMap((width) => [
  { width, scheme: 'light' as const },
  { width, scheme: 'dark' as const },
])

const needs = BROWSER ? '' : ' (needs chromium)'

describe.skipIf(!BROWSER && !process.env.CI)(`in a real browser${needs}`, () => {
  let browser: Browser
  beforeAll(async () => {
    browser = await Browser.start()
  })
  afterAll(() => browser?.close())

  describe.each(Object.keys(REPORTS))('%s', (kind) => {
    test('as a page is whole, says nothing, asks for nothing, and no text is on another', async () => {
      const file = join(folder(), 'page.html')
      writeFileSync(file, pageOf((await REPORTS[kind]?.()) as never))
      for (const view of VIEWS) {
        const { answer, ...seen } = await browser.look<Look>(file, view, LOOK)
        expect({ view, ...seen }).toEqual({ view, complaints: [], requests: [] })
        expect({ view, ...answer }).toMatchObject({ view, ...FINE })
        expect(answer.texts).toBeGreaterThan(kind === 'no hook' ? -1 : 3)
        expect(answer.background).toBe(
          view.scheme === 'light' ? 'rgb(255, 255, 255)' : 'rgb(14, 19, 24)',
        )
      }
    })

    test('as an image is whole, says nothing, asks for nothing, and no text is on another', async () => {
      const file = join(folder(), 'image.svg')
      writeFileSync(file, imageOf((await REPORTS[kind]?.()) as never))
      for (const scheme of ['light', 'dark'] as const) {
        const view = { width: 1280, scheme }
        const { answer, ...seen } = await browser.look<Look>(file, view, LOOK)
        expect({ view, ...seen }).toEqual({ view, complaints: [], requests: [] })
        expect({ view, ...answer }).toMatchObject({ view, ...FINE })
        expect(answer.texts).toBeGreaterThan(1)
      }
    })
  })
})
