/** Prints the compressed script of each page of the built console: `npm run console:size`. */
import path from 'node:path'
import { checkSizes, formatSizes, measureSizes } from './script-sizes.ts'
import { ROOT } from './vite-options.ts'

const sizes = measureSizes(path.join(ROOT, 'dist'))
process.stdout.write(`${formatSizes(sizes).join('\n')}\n`)
checkSizes(sizes)
