import { readFileSync, realpathSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import ts from 'typescript'
import { describe, expect, test } from 'vitest'
import { ENTRIES } from '../support/programs/entries.ts'
import { installed } from '../support/programs/installed.ts'

describe('the declarations', () => {
  const declarations = ENTRIES.flatMap(({ types }) => declarationsFrom(types.import))

  test('let all that is optional be undefined, but for what the library itself returns', () => {
    const strict = declarations.flatMap((source) => membersOf(source).filter(refusesUndefined))
    const names = strict.map((member) => {
      const owner = member.parent as ts.InterfaceDeclaration
      return `${owner.name?.text}.${member.name.getText()}`
    })
    expect([...new Set(names)].sort()).toEqual([
      'HookTrace.report',
      'HookTrace.status',
      'PhaseTrace.report',
      'Report.processOutcome',
      'ShutdownTrace.report',
    ])
  })

  test('hold no class of the library but its errors, and nothing private', () => {
    const text = declarations.map(({ text }) => text).join('\n')
    const classes = [...text.matchAll(/^declare class (\w+)/gm)].map(([, name]) => name)
    expect([...new Set(classes)].sort()).toEqual(['AbortError', 'LastcallError', 'TimeoutError'])
    expect(text).not.toMatch(/#private|ProcessPort|Clock\b/)
  })
})

describe('an editor', () => {
  // Each of them ends where the name of a phase is written.
  const places = [
    "shutdown.add({ name: 'a', run() {}, phase: '",
    "shutdown.add([{ name: 'a', run() {}, phase: '",
    "shutdown.add('a', () => {}, { phase: '",
    "httpServer(optional(), { phase: '",
    "expressShutdown(shutdown, { phase: '",
    "fastifyShutdown(optional(), { shutdown, phase: '",
    "webSocketServer(optional(), { phase: '",
    "childProcess(optional(), { phase: '",
    "workerThread(optional(), { phase: '",
    "clusterWorkers(optional(), { phase: '",
    "taskTracker({ phase: '",
    "createTestShutdown().shutdown.add('a', () => {}, { phase: '",
  ]

  test.each(places)('suggests the phases in %s', (place) => {
    expect(suggestions(place)).toEqual([
      'announce',
      'deregister',
      'unbind',
      'drain',
      'stop',
      'flush',
      'close',
    ])
  })

  /** What an editor lists where this code ends. */
  function suggestions(place: string): string[] {
    const before = `
      import { createShutdown } from 'lastcall'
      import { expressShutdown, fastifyShutdown, httpServer, webSocketServer } from 'lastcall/http'
      import { createTestShutdown } from 'lastcall/testing'
      import { childProcess, clusterWorkers, taskTracker, workerThread } from 'lastcall/workers'
      declare function optional<T>(): T
      const shutdown = createShutdown()
    `
    const path = join(installed([]), 'application.ts')
    const text = `${before}\n${place}`
    writeFileSync(path, text)
    const service = ts.createLanguageService(languageHost(path))
    const { entries = [] } = service.getCompletionsAtPosition(path, text.length, {}) ?? {}
    return entries.map(({ name }) => name)
  }
})

/** A file of declarations, and those beside it that it imports. */
function declarationsFrom(path: string): ts.SourceFile[] {
  const text = readFileSync(path, 'utf8')
  const source = ts.createSourceFile(path, text, ts.ScriptTarget.Latest, true)
  const beside = [...text.matchAll(/from '(\..+?)\.js'/g)].map(([, name]) => `${name}.d.ts`)
  return [source, ...beside.flatMap((name) => declarationsFrom(join(dirname(path), name)))]
}

type Member = ts.PropertySignature | ts.MethodSignature

function membersOf(source: ts.SourceFile): Member[] {
  const found: Member[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isPropertySignature(node) || ts.isMethodSignature(node)) found.push(node)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return found
}

function refusesUndefined(member: Member): boolean {
  if (!member.questionToken) return false
  if (ts.isMethodSignature(member)) return true
  const type = member.type?.getText() ?? 'unknown'
  return type !== 'unknown' && !/(^|\| )undefined$/.test(type)
}

function languageHost(path: string): ts.LanguageServiceHost {
  const { readFile, fileExists, directoryExists, getDirectories } = ts.sys
  return {
    getCompilationSettings: () => ({
      module: ts.ModuleKind.NodeNext,
      target: ts.ScriptTarget.ESNext,
      strict: true,
      types: [],
    }),
    getScriptFileNames: () => [path],
    getScriptVersion: () => '1',
    getScriptSnapshot: (name) => {
      const text = readFile(name)
      return text === undefined ? undefined : ts.ScriptSnapshot.fromString(text)
    },
    getCurrentDirectory: () => dirname(path),
    getDefaultLibFileName: ts.getDefaultLibFilePath,
    fileExists,
    readFile,
    directoryExists,
    getDirectories,
    realpath: (name) => realpathSync(name),
  }
}
