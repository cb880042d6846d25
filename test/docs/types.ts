import { dirname } from 'node:path'
import ts from 'typescript'
import { ENTRIES } from '../support/programs/entries.ts'
import { type Block, ROOT } from './markdown.ts'

/** What an entry of the package exports, as the compiler sees it. */
export interface Exported {
  readonly name: string
  /** The properties of an interface. */
  readonly properties: readonly string[]
  /** The strings of a union of strings, or the `type`s of a union of objects. */
  readonly variants: readonly string[]
}

/** One compilation of the package's entries, from their sources, and of all blocks. */
export class Types {
  readonly #blocks: ReadonlyMap<string, Block>
  readonly #program: ts.Program

  constructor(blocks: readonly Block[]) {
    // Beside the document, so that what it imports is found; nothing is written there.
    this.#blocks = new Map(
      blocks.map((block) => [`${ROOT}${block.file}.${block.line}.ts`, block] as const),
    )
    const options: ts.CompilerOptions = {
      ...compilerOptions(),
      paths: Object.fromEntries(ENTRIES.map(({ name, source }) => [name, [source]])),
      noUnusedLocals: false,
      noUnusedParameters: false,
    }
    this.#program = ts.createProgram({
      rootNames: [...ENTRIES.map(({ source }) => source), ...this.#blocks.keys()],
      options,
      host: this.#host(options),
    })
  }

  /** What the compiler has to say of the blocks, each with its place in the document. */
  problems(): string[] {
    return [...this.#blocks].flatMap(([path, block]) => {
      const source = this.#program.getSourceFile(path)
      const found = [
        ...this.#program.getSyntacticDiagnostics(source),
        ...this.#program.getSemanticDiagnostics(source),
      ]
      return found.map(({ start = 0, messageText }) => {
        const line = block.line + (source?.getLineAndCharacterOfPosition(start).line ?? 0)
        return `${block.file}:${line} ${ts.flattenDiagnosticMessageText(messageText, ' ')}`
      })
    })
  }

  exports(): Exported[] {
    const checker = this.#program.getTypeChecker()
    return ENTRIES.flatMap(({ name, source: path }) => {
      const source = this.#program.getSourceFile(path)
      const module = source && checker.getSymbolAtLocation(source)
      if (!module) throw new Error(`${name} is no module`)
      return checker.getExportsOfModule(module).map((exported) => {
        const symbol =
          exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported
        const type = checker.getDeclaredTypeOfSymbol(symbol)
        const isInterface = (symbol.flags & ts.SymbolFlags.Interface) !== 0
        return {
          name: exported.name,
          properties: isInterface
            ? type.getProperties().flatMap(({ name }) => (name.startsWith('__') ? [] : [name]))
            : [],
          variants: type.isUnion() ? type.types.flatMap((one) => variant(one, checker)) : [],
        }
      })
    })
  }

  #host(options: ts.CompilerOptions): ts.CompilerHost {
    const host = ts.createCompilerHost(options)
    const text = (path: string) => {
      const block = this.#blocks.get(path)
      // An import makes it a module; so does this, at the end, where it moves no line.
      return block && `${block.code}\nexport {}\n`
    }
    return {
      ...host,
      fileExists: (path) => this.#blocks.has(path) || host.fileExists(path),
      readFile: (path) => text(path) ?? host.readFile(path),
      getSourceFile: (path, languageVersion, ...rest) => {
        const code = text(path)
        return code === undefined
          ? host.getSourceFile(path, languageVersion, ...rest)
          : ts.createSourceFile(path, code, languageVersion, true)
      },
    }
  }
}

function variant(type: ts.Type, checker: ts.TypeChecker): string[] {
  if (type.isStringLiteral()) return [type.value]
  const discriminant = type.getProperty('type')
  const kind = discriminant && checker.getTypeOfSymbol(discriminant)
  return kind?.isStringLiteral() ? [kind.value] : []
}

function compilerOptions(): ts.CompilerOptions {
  const path = `${ROOT}tsconfig.json`
  const { config } = ts.readConfigFile(path, ts.sys.readFile)
  return ts.parseJsonConfigFileContent(config, ts.sys, dirname(path)).options
}
