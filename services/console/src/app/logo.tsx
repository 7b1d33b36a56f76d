/** The mark and the name. */
import classes from './logo.module.css'

export function Logo() {
  return (
    <span className={classes['logo']}>
      <svg width="24" height="24" viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="8" fill="#0a6b52" />
        <path d="M8.5 9.5l7.5 13 7.5-13" className={classes['stroke']} />
        <circle cx="16" cy="10.5" r="2.3" fill="#72d7b1" />
      </svg>
      Vectron
    </span>
  )
}
