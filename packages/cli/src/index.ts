/** The `vectron` command; its parts are internal, what others may build on is the profile. */
export { type Profile, readProfile } from './profile.ts'
