import { type ChildProcess, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { WebSocket } from 'ws'

/** The browser that is installed, of those that speak the DevTools protocol; `undefined` where none is. */
export const BROWSER = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (command) => spawnSync(command, ['--version']).status === 0,
)

const FLAGS =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync --hide-scrollbars --remote-debugging-port=0 about:blank'

/** How a file is looked at. */
export interface View {
  readonly width: number
  readonly scheme: 'light' | 'dark'
}

/** What was seen: the answer of the script, what the browser complained of, and what it asked for besides the file. */
export interface Seen<Answer> {
  readonly answer: Answer
  readonly complaints: readonly string[]
  readonly requests: readonly string[]
}

type Message = { id?: number; method?: string; params?: Params; result?: Params; error?: unknown }
// biome-ignore lint/suspicious/noExplicitAny: the protocol has a shape for each of its messages.
type Params = any

/** A real browser without a window. */
export class Browser {
  readonly #child: ChildProcess
  readonly #socket: WebSocket
  readonly #folder: string
  readonly #answers = new Map<number, (message: Message) => void>()
  readonly #listeners = new Set<(message: Message) => void>()
  #calls = 0

  private constructor(child: ChildProcess, socket: WebSocket, folder: string) {
    this.#child = child
    this.#socket = socket
    this.#folder = folder
    socket.on('message', (data) => {
      const message = JSON.parse(String(data)) as Message
      if (message.id !== undefined) this.#answers.get(message.id)?.(message)
      else for (const listener of this.#listeners) listener(message)
    })
  }

  static async start(): Promise<Browser> {
    const folder = mkdtempSync(join(tmpdir(), 'lastcall-browser-'))
    const args = [...FLAGS.split(' '), `--user-data-dir=${folder}`]
    const child = spawn(BROWSER ?? '', args, { stdio: ['ignore', 'ignore', 'pipe'] })
    let said = ''
    while (!/ws:\S+/.test(said)) {
      const [chunk] = await once(child.stderr as NodeJS.ReadableStream, 'data')
      said += chunk
    }
    const socket = new WebSocket(/ws:\S+/.exec(said)?.[0] ?? '')
    await once(socket, 'open')
    return new Browser(child, socket, folder)
  }

  /** Opens a file from disk in a tab of its own, and has this expression evaluated in it. */
  async look<Answer>(
    file: string,
    { width, scheme }: View,
    expression: string,
  ): Promise<Seen<Answer>> {
    const { targetId } = await this.#send('Target.createTarget', { url: 'about:blank' })
    const { sessionId } = await this.#send('Target.attachToTarget', { targetId, flatten: true })
    const send = (method: string, params = {}) => this.#send(method, params, sessionId)
    const complaints: string[] = []
    const requests: string[] = []
    const url = pathToFileURL(file).href
    let loaded = () => {}
    const isLoaded = new Promise<void>((resolve) => {
      loaded = resolve
    })
    const listener = ({ method, params }: Message) => {
      if (method === 'Log.entryAdded') complaints.push(params.entry.text)
      if (method === 'Runtime.exceptionThrown') complaints.push(params.exceptionDetails.text)
      if (method === 'Runtime.consoleAPICalled') complaints.push(`console.${params.type}`)
      if (method === 'Page.javascriptDialogOpening') complaints.push(`dialog ${params.message}`)
      if (method === 'Page.loadEventFired') loaded()
      if (method === 'Network.requestWillBeSent' && params.request.url !== url) {
        requests.push(params.request.url)
      }
    }
    this.#listeners.add(listener)
    for (const domain of ['Log', 'Runtime', 'Page', 'Network']) await send(`${domain}.enable`)
    await send('Emulation.setDeviceMetricsOverride', {
      width,
      height: 900,
      deviceScaleFactor: 1,
      mobile: width < 500,
    })
    const features = [{ name: 'prefers-color-scheme', value: scheme }]
    await send('Emulation.setEmulatedMedia', { features })
    await send('Page.navigate', { url })
    await isLoaded
    const { result, exceptionDetails } = await send('Runtime.evaluate', {
      expression,
      returnByValue: true,
    })
    if (exceptionDetails) throw new Error(JSON.stringify(exceptionDetails))
    this.#listeners.delete(listener)
    await this.#send('Target.closeTarget', { targetId })
    return { answer: result.value, complaints, requests }
  }

  /** Opens a page in a tab, which stays open. */
  async open(url: string): Promise<void> {
    await this.#send('Target.createTarget', { url })
  }

  async close(): Promise<void> {
    const closed = once(this.#child, 'close')
    await this.#send('Browser.close')
    await closed
    this.#socket.close()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #send(method: string, params: Params = {}, sessionId?: string): Promise<Params> {
    const id = ++this.#calls
    const answered = new Promise<Message>((resolve) => this.#answers.set(id, resolve))
    this.#socket.send(JSON.stringify({ id, method, params, sessionId }))
    const { result, error } = await answered
    if (error) throw new Error(`${method}: ${JSON.stringify(error)}`)
    return result
  }
}
