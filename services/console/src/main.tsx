/** Where the console begins: the session first, then the page that the address names. */
import '@fontsource-variable/inter/wght.css'
import '@fontsource-variable/jetbrains-mono/wght.css'
import '@mantine/core/styles.css'
import './app/console.css'
import { createRoot } from 'react-dom/client'
import { Console } from './app/console.tsx'
import { pageNonce } from './app/page-nonce.ts'
import { session } from './session/session.ts'

// What locks the scrolling behind dialogs reads its nonce from here.
Object.assign(globalThis, { __webpack_nonce__: pageNonce() })

const place = document.getElementById('root')
if (place !== null) createRoot(place).render(<Console />)
session.start()
