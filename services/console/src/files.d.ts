/** Files that are no code, imported for what the build makes of them. */
declare module '*.css'
declare module '*.module.css' {
  const classes: Readonly<Record<string, string>>
  // biome-ignore lint/style/noDefaultExport: what the build makes of such a file
  export default classes
}
declare module '@fontsource-variable/inter/wght.css'
declare module '@fontsource-variable/jetbrains-mono/wght.css'
