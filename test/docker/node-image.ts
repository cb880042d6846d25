import { execFileSync } from 'node:child_process'
import { cpSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { engine } from './docker.ts'
import { importPrograms } from './image.ts'

/** Makes a stand-in for Docker's own image `node`: Node, npm and a shell. Its npm asks this registry. */
export async function importNode(tag: string, registry: string): Promise<void> {
  const { client, folder, label } = engine()
  await importPrograms({ client, folder }, tag, label, (root) => {
    const local = join(root, 'usr/local')
    const modules = join(local, 'lib/node_modules')
    mkdirSync(modules, { recursive: true })
    cpSync(npm(), join(modules, 'npm'), { recursive: true })
    symlinkSync('../lib/node_modules/npm/bin/npm-cli.js', join(local, 'bin/npm'))
    mkdirSync(join(local, 'etc'))
    const settings = [`registry=${registry}`, 'audit=false', 'update-notifier=false', '']
    writeFileSync(join(local, 'etc/npmrc'), settings.join('\n'))
    mkdirSync(join(root, 'root'))
    return ['ENV PATH=/usr/local/bin:/usr/bin:/bin']
  })
}

/** The folder of the npm that is installed here. */
function npm(): string {
  const command = execFileSync('sh', ['-c', 'command -v npm'], { encoding: 'utf8' }).trim()
  return dirname(dirname(realpathSync(command)))
}
