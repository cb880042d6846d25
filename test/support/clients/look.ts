/** What is to be said of a picture. */
export interface Look {
  readonly overlaps: readonly string[]
  readonly outside: readonly string[]
  readonly pale: readonly string[]
  readonly strange: readonly string[]
  readonly isTooWide: boolean
  readonly texts: number
  readonly background: string
}

/** Nothing to complain of. */
export const FINE = { overlaps: [], outside: [], pale: [], strange: [], isTooWide: false }

/** Runs in the page: where every text stands, and how it is to be told from what is behind it. */
export const LOOK = `(() => {
  const texts = [...document.querySelectorAll('svg text, text')]
    .filter((text) => text.getClientRects().length > 0 && text.textContent !== '')
  const boxes = [...new Set(texts)].map((text) => ({
    // Without its tooltip.
    shown: [...text.childNodes].filter((node) => node.nodeName !== 'title').map((node) => node.textContent).join(''),
    box: text.getBoundingClientRect(),
    frame: text.ownerSVGElement.getBoundingClientRect(),
    ink: getComputedStyle(text).fill,
    isSign: text.classList.contains('fault-number'),
  }))
  const overlaps = boxes.flatMap(({ shown, box }, index) => boxes.slice(index + 1)
    .filter((other) => box.left + 0.5 < other.box.right && other.box.left + 0.5 < box.right
      && box.top + 2.5 < other.box.bottom && other.box.top + 2.5 < box.bottom)
    .map((other) => shown + ' | ' + other.shown))
  const outside = boxes
    .filter(({ box, frame }) => box.left < frame.left - 0.5 || box.right > frame.right + 0.5 || box.bottom > frame.bottom + 0.5 || box.top < frame.top - 0.5)
    .map(({ shown }) => shown)
  const channels = (color) => color.startsWith('#')
    ? [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16))
    : color.match(/\\d+/g).slice(0, 3).map(Number)
  const light = (color) => channels(color).map((part) => part / 255)
    .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0)
  const contrast = (one, other) => {
    const [more, less] = [light(one), light(other)].sort((a, b) => b - a)
    return (more + 0.05) / (less + 0.05)
  }
  const root = getComputedStyle(document.documentElement)
  const behind = ['--page', '--band'].map((name) => root.getPropertyValue(name).trim())
  // WCAG 2.2, 1.4.3: 4.5 to 1.
  const pale = boxes.filter(({ ink, isSign }) => !isSign && behind.some((color) => contrast(ink, color) < 4.5))
    .map(({ shown, ink }) => shown + ' ' + ink)
  const strange = [...document.querySelectorAll('script, img, iframe, object, foreignObject, [onerror], [onload]')]
    .map((element) => element.outerHTML)
  return {
    overlaps, outside, pale, strange,
    isTooWide: document.documentElement.scrollWidth > innerWidth,
    texts: boxes.length,
    background: document.body ? getComputedStyle(document.body).backgroundColor : '',
  }
})()`
