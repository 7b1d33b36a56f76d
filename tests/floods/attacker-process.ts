/** One attack from a process of its own: `attacker-process.ts '{"name": ..., "target": ...}'`. */
import { type AttackName, attack, type Target } from './attacks.ts'

const { name, target } = JSON.parse(process.argv[2] ?? '{}') as {
  name: AttackName
  target: Target
}
const outcome = await attack(name, target, () => process.stdout.write('"open"\n'))
process.stdout.write(`${JSON.stringify(outcome)}\n`)
