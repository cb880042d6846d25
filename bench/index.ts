// All of the tables, one after the other: npm run bench
export {}

await import('./import.ts')
await import('./hooks.ts')
await import('./exit.ts')
await import('./throughput.ts')
await import('./lost.ts')
await import('./workers.ts')
await import('./watchdog.ts')
await import('./cycles.ts')
