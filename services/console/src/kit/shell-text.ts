/** Calls of the API as commands of a shell, safe whatever is in them. */

export interface HttpCall {
  readonly verb: string
  /** With its query. */
  readonly path: string
  /** Empty for none. */
  readonly body: string
  readonly contentType?: string
}

/** A text as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : quotedWord(text)
}

/** The same, in quotes even where it needs none. */
export function quotedWord(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}

/** The call by curl, with the key where the shell has it. @param origin address of the gateway */
export function toCurl(origin: string, call: HttpCall): string {
  const { verb, path, body, contentType = 'application/json' } = call
  const method = verb === 'GET' || (verb === 'POST' && body !== '') ? '' : `-X ${verb} `
  const lines = [
    `curl -s ${method}${shellWord(origin + path)}`,
    `-H "authorization: Bearer $VECTRON_API_KEY"`,
    ...(body === ''
      ? []
      : [
          `-H ${shellWord(`content-type: ${contentType}`)}`,
          // As it is: -d would take the ends of lines out.
          `--data-binary ${shellWord(body)}`,
        ]),
  ]
  return lines.join(' \\\n  ')
}
