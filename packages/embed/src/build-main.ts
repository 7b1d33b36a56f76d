/**
 * Child process that builds the model: `build-main.ts <file>`. Its memory goes when it ends, and
 * the server that waits for it keeps answering. Sends a BuildProgress message for each chunk read.
 */
import { buildModel } from './build-model.ts'
import { writeModel } from './model-file.ts'

const [file] = process.argv.slice(2)
if (file === undefined) throw new Error('build-main.ts needs the path of the model file')
// The parent gone, nobody waits for the model.
process.on('disconnect', () => process.exit(1))
writeModel(file, await buildModel((progress) => process.send?.(progress)))
process.removeAllListeners('disconnect')
process.disconnect?.()
