// Names by which services mean the same thing, beside those in the messages.

/** The project that the first start makes; its collections have plain names. */
export const DEFAULT_PROJECT = 'default'

/** Which of a person's projects a call is about. */
export const PROJECT_HEADER = 'x-vectron-project'
/** Set by a gateway that passes a call on: where it came from. */
export const CALLER_ADDRESS_HEADER = 'x-vectron-caller'
