/** What to try next, with the person's own address: with the demo data, or without any. */
import { CodeBlock } from '../../kit/code-block.tsx'
import { TextLink } from '../../kit/links.tsx'
import { PageSection } from '../../kit/page-section.tsx'

/** The demo collection that the first start loads. */
const DEMO = 'dictionary'

export function FirstSteps({ collections }: { readonly collections: readonly string[] }) {
  return collections.includes(DEMO) ? <TryDemo /> : <LoadDemo />
}

function TryDemo() {
  const link = (
    <TextLink to="/collections/$name" params={{ name: DEMO }} underline="always">
      {DEMO}
    </TextLink>
  )
  return (
    <PageSection
      title="Try it"
      about={<>The demo is loaded: the {link} finds words by what they mean.</>}
    >
      <CodeBlock label="the search" code={searchCode()} />
    </PageSection>
  )
}

function LoadDemo() {
  return (
    <PageSection
      title="Data to try it with"
      about="A dictionary of English with vectors, searched by meaning. Loads within a minute."
    >
      <CodeBlock label="the command" code={`npx vectron demo load ${DEMO}`} />
    </PageSection>
  )
}

function searchCode(): string {
  return [
    `curl -s ${location.origin}/v1/collections/${DEMO}/points:search \\`,
    `  -H "authorization: Bearer $VECTRON_API_KEY" -H 'content-type: application/json' \\`,
    `  -d '{"text": "a young dog", "topK": 3}'`,
  ].join('\n')
}
