/**
 * How Vite builds the console, and how it serves it to its developers.
 *
 * Nothing of it is inlined into the page: styles and scripts are files, so that the policy of the
 * gateway needs no exception. Where the page needs a nonce, it holds a mark that the gateway
 * replaces at each load.
 */
import { fileURLToPath } from 'node:url'
import react from '@vitejs/plugin-react'
import type { InlineConfig } from 'vite'

/** Must be that of services/gateway/src/console/console-pages.ts. */
const NONCE_MARK = '__VECTRON_NONCE__'
export const ROOT = fileURLToPath(new URL('..', import.meta.url))

/** @param outDir where the build goes, from the root of the package */
export function buildOptions(outDir: string): InlineConfig {
  return {
    ...sharedOptions,
    html: { cspNonce: NONCE_MARK },
    build: {
      outDir,
      emptyOutDir: true,
      target: 'es2023',
      assetsInlineLimit: 0,
      modulePreload: { polyfill: false },
      manifest: 'manifest.json',
      reportCompressedSize: false,
      chunkSizeWarningLimit: 1000,
    },
  }
}

/** @param gateway address of a running gateway, which gets all calls of the API */
export function devOptions(gateway: string, port: number): InlineConfig {
  const passed = { target: gateway, changeOrigin: false }
  return {
    ...sharedOptions,
    server: {
      port,
      proxy: { '/v1': passed, '/console': passed, '/openapi.json': passed, '/metrics': passed },
    },
  }
}

const sharedOptions: InlineConfig = {
  root: ROOT,
  configFile: false,
  logLevel: 'warn',
  plugins: [react()],
}

/** Modules one by one, for tests of components; nothing listens. */
export function testOptions(): InlineConfig {
  return {
    ...sharedOptions,
    appType: 'custom',
    optimizeDeps: { noDiscovery: true },
    server: { middlewareMode: true, hmr: false, watch: null },
  }
}
