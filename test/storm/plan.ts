import { randomFrom } from '../support/hooks/random.ts'
import { KINDS } from './kinds.ts'
import { clean } from './rules.ts'
import type { Dice, Kind, Scenario, ServiceOptions } from './scenario.ts'

/** So many processes, each with what is to befall it: the same for the same seed. */
export function planOf(seed: number, count: number): Scenario[] {
  const dice = diceFrom(seed)
  const kinds = shuffled(
    KINDS.flatMap((kind) => Array<Kind>(kind.share).fill(kind)),
    dice,
  )
  return Array.from({ length: count }, (_, index) => {
    const kind = kinds[index % kinds.length] as Kind
    const { service, blows, allowed } = kind.make(dice)
    const usual: ServiceOptions = {
      by: dice.oneOf('http', 'http', 'pipe'),
      handler: dice.oneOf(0, 0, dice.between(1, 20)),
    }
    const { name, isAlone = false } = kind
    const number = index + 1
    return { number, kind: name, isAlone, service: { ...usual, ...service }, blows, allowed }
  })
}

/** The same with one signal each, for services without the library; the code of a clean end is 0 there too. */
export function planWithout(way: string, seed: number, count: number): Scenario[] {
  const dice = diceFrom(seed)
  return Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    kind: way,
    service: { way, by: 'http', grace: 1000, flushTakes: dice.between(0, 100) },
    blows: [
      { what: dice.oneOf('SIGTERM', 'SIGINT'), after: 'serving', wait: dice.between(0, 150) },
    ],
    allowed: clean,
  }))
}

function diceFrom(seed: number): Dice {
  const random = randomFrom(seed)
  return {
    between: (least, most) => least + random() * (most - least),
    oneOf: (...choices) => choices[Math.floor(random() * choices.length)] as never,
  }
}

function shuffled<T>(things: readonly T[], dice: Dice): T[] {
  return things
    .map((thing) => ({ thing, place: dice.between(0, 1) }))
    .sort((a, b) => a.place - b.place)
    .map(({ thing }) => thing)
}
