import type { FeatureGroup } from '../feature.ts'
import { endsWith } from '../lab.ts'

const ENTRIES = {
  lastcall: ['createShutdown', 'detectPlatform', 'formatReport', 'PHASES', 'LastcallError'],
  'lastcall/http': ['httpServer', 'webSocketServer', 'healthChecks', 'requestSignal'],
  'lastcall/workers': [
    'taskTracker',
    'childProcess',
    'workerThread',
    'clusterWorkers',
    'supervise',
  ],
  'lastcall/testing': ['createTestShutdown', 'expectOrder', 'shutdownMatchers', 'stopLikeDocker'],
}

/** Says the names that an entry lacks. */
const look = (load: (entry: string) => string) =>
  Object.entries(ENTRIES).map(
    ([entry, names]) => `
      { const module = ${load(entry)}
        for (const name of ${JSON.stringify(names)}) if (!module[name]) console.log('no ' + name) }`,
  )

export const loading: FeatureGroup = {
  name: 'Loading',
  features: [
    {
      name: '`import`, all entries, without a warning',
      check: (lab) => {
        const code = look((entry) => `await import('${entry}')`).join('')
        return endsWith(lab.run(code), { code: 0, stdout: '', stderr: '' })
      },
    },
    {
      name: '`require()`, all entries, without a warning',
      check: (lab) => {
        const code = look((entry) => `require('${entry}')`).join('')
        const program = lab.run(code, { type: 'commonjs' })
        return endsWith(program, { code: 0, stdout: '', stderr: '' })
      },
    },
    {
      name: '`listen()` alone keeps no process alive',
      check: (lab) => {
        const code = `import { createShutdown } from 'lastcall'; createShutdown().listen()`
        return endsWith(lab.run(code), { code: 0, stdout: '', stderr: '' })
      },
    },
  ],
}
