/** The question as code, for each way: curl, TypeScript, the command line. */
import { Stack, Text } from '@mantine/core'
import { CodeBlock } from '../../kit/code-block.tsx'
import { PageSection } from '../../kit/page-section.tsx'
import type { LabConfig, LabSearch } from './lab-config.ts'
import { snippetsOf } from './snippets.ts'
import classes from './ways.module.css'

export function CodePanel({ lab }: { readonly lab: LabSearch }) {
  const { a = {}, b } = lab
  return (
    <>
      <Text size="sm" className="quiet" mb="md">
        Each runs as it stands, with an API key in the environment variable VECTRON_API_KEY.
      </Text>
      <div className={classes['ways']} data-count={b === undefined ? 1 : 2}>
        <Code lab={lab} config={a} name={b === undefined ? '' : ' of A'} />
        {b !== undefined && <Code lab={lab} config={b} name=" of B" />}
      </div>
    </>
  )
}

interface CodeProps {
  readonly lab: LabSearch
  readonly config: LabConfig
  readonly name: string
}

function Code({ lab, config, name }: CodeProps) {
  const { curl, typescript, cli } = snippetsOf({
    url: location.origin,
    collection: lab.collection ?? '',
    query: lab,
    config,
  })
  return (
    <Stack gap="md" className={classes['way'] ?? ''}>
      <PageSection title={`curl${name}`}>
        <CodeBlock label={`curl${name}`} code={curl} />
      </PageSection>
      <PageSection title={`TypeScript${name}`}>
        <CodeBlock label={`TypeScript${name}`} code={typescript} />
      </PageSection>
      <PageSection title={`Command line${name}`}>
        <CodeBlock label={`command line${name}`} code={cli} />
      </PageSection>
    </Stack>
  )
}
