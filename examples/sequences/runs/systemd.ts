import { execFile, spawn } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { now, until } from '../clock.ts'
import { Crowd } from '../crowd.ts'
import { Diary } from '../diary.ts'
import { SHOP } from '../docker-engine.ts'
import type { Happening, Sequence, Span } from '../sequence.ts'
import { merge, storyOfClients, storyOfShop } from '../story.ts'

const SLOW = 1200

const execute = promisify(execFile)

/** `systemctl stop`, by a systemd that is PID 1 of a namespace of its own: as root, and with systemd installed. */
export async function recordSystemd(): Promise<Sequence> {
  const diary = new Diary()
  const systemd = await startSystemd(diary)
  try {
    const { port = 0 } = await until('the shop listens', () => diary.find('listening'))
    const crowd = new Crowd({ port })
    await sleep(2000)
    crowd.askSlowly(SLOW)
    await sleep(200)
    const zero = now()
    await systemd.systemctl('stop', 'shop.service')
    await crowd.leave()
    const shown = await systemd.systemctl('show', 'shop.service')
    const property = (name: string) => new RegExp(`^${name}=(.*)$`, 'm').exec(shown)?.[1] ?? ''
    // Microseconds of the clock that began when the machine was started.
    const timeOf = (name: string) =>
      Number(property(`${name}Monotonic`)) / 1000 + now() - Number(process.hrtime.bigint()) / 1e6
    const [exited, inactive] = [timeOf('ExecMainExitTimestamp'), timeOf('InactiveEnterTimestamp')]
    const from = zero - 300
    const events: Happening[] = [
      { at: zero, lane: 'systemd', label: 'systemctl stop' },
      {
        at: timeOf('ActiveExitTimestamp'),
        lane: 'systemd',
        to: 'shop',
        label: 'Deactivating: SIGTERM to the main process, for KillMode=mixed',
      },
      {
        at: exited,
        lane: 'shop',
        to: 'systemd',
        label: `The main process is gone: exit code ${property('ExecMainStatus')}`,
        tone: 'good',
      },
      {
        at: inactive,
        lane: 'systemd',
        label: `Inactive; Result=${property('Result')}`,
        tone: 'good',
      },
    ]
    const spans: Span[] = [
      {
        lane: 'systemd',
        from: zero,
        to: inactive,
        state: 'idle',
        label: 'waits for TimeoutStopSec at most',
      },
    ]
    return {
      title: 'systemctl stop',
      about: `Recorded with ${systemd.version} as PID 1 of a PID namespace of its own, Node ${process.versions.node}, KillMode=mixed, TimeoutStopSec=15; 8 clients on keep-alive connections, a prober every 250 ms, and one request that takes ${SLOW / 1000} s.`,
      lanes: [
        { id: 'systemd', name: 'systemd (PID 1)' },
        { id: 'shop', name: 'shop (main process)' },
        { id: 'clients', name: 'clients' },
      ],
      ...merge(zero, [
        storyOfShop('shop', diary.entries(), { from, ended: exited }),
        storyOfClients('clients', 'shop', crowd.requests, { since: from }),
        { spans, events },
      ]),
    }
  } finally {
    await systemd.end()
    diary.remove()
  }
}

interface Systemd {
  readonly version: string
  systemctl(...args: string[]): Promise<string>
  end(): Promise<void>
}

// Nothing of this machine is started, and nothing is written but in memory: /run is its own, and has two units.
const INIT = `
  mount -t tmpfs tmpfs /run && mkdir -p /run/systemd/system && cp "$UNITS"/* /run/systemd/system
  container=docker exec /lib/systemd/systemd --system --unit=only.target --show-status=no
`

async function startSystemd({ folder, file }: Diary): Promise<Systemd> {
  writeFileSync(join(folder, 'only.target'), '[Unit]\nDefaultDependencies=no\nWants=shop.service\n')
  writeFileSync(
    join(folder, 'shop.service'),
    [
      ...['[Unit]', 'DefaultDependencies=no', '[Service]', 'Type=exec', 'KillMode=mixed'],
      ...['TimeoutStopSec=15', `Environment=EVENTS=${file} GRACE=15000`],
      ...['StandardOutput=null', 'StandardError=null'],
      ...[`ExecStart=${process.execPath} ${SHOP}`, ''],
    ].join('\n'),
  )
  const spaces = ['--pid', '--mount', '--cgroup', '--fork', '--kill-child', '--mount-proc']
  const child = spawn('unshare', [...spaces, 'sh', '-c', INIT], {
    stdio: 'ignore',
    env: { ...process.env, UNITS: folder },
  })
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()))
  const inside = async (...command: string[]) => {
    const { stdout: pid } = await execute('ps', ['-o', 'pid=', '--ppid', String(child.pid)])
    const words = ['--target', pid.trim(), '--mount', '--pid', '--', ...command]
    return (await execute('nsenter', words)).stdout
  }
  const end = async () => {
    child.kill('SIGKILL')
    await ended
  }
  try {
    await until('systemd answers', () => inside('systemctl', 'show').then(Boolean, () => false))
  } catch (error) {
    await end()
    throw error
  }
  const [version = ''] = (await inside('systemctl', '--version')).split('\n')
  return { version, systemctl: (...args) => inside('systemctl', ...args), end }
}
