/**
 * The configuration of Vectron in one process: its sections, defaults and units.
 */

import {
  type ConfigValues,
  choiceSetting,
  integerSetting,
  LIMITS,
  stringSetting,
} from '@vectron/base'

const GIB = 1024 ** 3

export const STANDALONE_SETTINGS = {
  http: {
    host: stringSetting({
      default: '127.0.0.1',
      describe: 'address that HTTP and gRPC listen on',
    }),
    port: integerSetting({
      default: 6180,
      min: 0,
      max: 65_535,
      describe: 'port of HTTP/JSON; 0 for any free one',
    }),
  },
  grpc: {
    port: integerSetting({
      default: 6181,
      min: 0,
      max: 65_535,
      describe: 'port of gRPC; 0 for any free one',
    }),
  },
  data: {
    folder: stringSetting({ default: '.vectron', describe: 'where the data lies' }),
    reserveBytes: integerSetting({
      default: 2 * LIMITS.diskReserveBytes,
      min: LIMITS.diskReserveBytes,
      max: 1024 * GIB,
      describe: 'free bytes of the disk below which writes are refused',
    }),
  },
  engine: {
    searchThreads: integerSetting({
      default: 0,
      min: 0,
      max: 1024,
      describe: 'threads that answer searches; 0 for one each core',
    }),
    indexThreads: integerSetting({
      default: 0,
      min: 0,
      max: 1024,
      describe: 'threads that put points into graphs; 0 for one each core',
    }),
    tailPointsMax: integerSetting({
      default: LIMITS.tailPointsMax,
      min: 1000,
      max: 100_000_000,
      describe: 'points that may wait for the graph before writes slow down',
    }),
  },
  log: {
    level: choiceSetting({
      default: 'warn',
      choices: ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'],
      describe: 'least level of log lines written to standard error',
    }),
  },
} as const

export type StandaloneConfig = ConfigValues<typeof STANDALONE_SETTINGS>
