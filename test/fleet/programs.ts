import { spawnSync } from 'node:child_process'
import { hasPostgres } from '../support/servers/postgres.ts'

/** Debian's packages, each with a program of it. */
const PACKAGES = {
  'etcd-server': 'etcd',
  haproxy: 'haproxy',
  'nginx-light': 'nginx',
  'redis-server': 'redis-server',
  wrk: 'wrk',
}

/** The packages that are not installed. */
export function missingPrograms(): string[] {
  // Debian has balancers where only root looks.
  process.env.PATH += ':/usr/sbin'
  const missing = Object.entries(PACKAGES).flatMap(([name, program]) =>
    spawnSync('which', [program]).status === 0 ? [] : [name],
  )
  return hasPostgres ? missing : [...missing, 'postgresql']
}
