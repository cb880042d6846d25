/** The configuration file of `lastcall run --config` for these programs. */
export function groupFile(programs: readonly (readonly string[])[]): string {
  const names = programs.map((argv) => programName(argv))
  const entries = programs.map(([command = '', ...args], index) => ({
    name:
      names.indexOf(names[index] ?? '') === index ? names[index] : `${names[index]} ${index + 1}`,
    command,
    args,
  }))
  return `${JSON.stringify({ programs: entries }, null, 2)}\n`
}

function programName(argv: readonly string[]): string {
  const script = argv.slice(1).find((arg) => !arg.startsWith('-')) ?? argv[0] ?? 'program'
  return script.replace(/^.*\//, '').replace(/\.\w+$/, '') || 'program'
}
