// Headers that services say things with beside the messages.

/** Which of a person's projects a call is about. */
export const PROJECT_HEADER = 'x-vectron-project'
/** Set by a gateway that passes a call on: where it came from. */
export const CALLER_ADDRESS_HEADER = 'x-vectron-caller'
