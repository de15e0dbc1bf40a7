import { Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { EmptyState } from '../parts/empty-state.js'
import { Failure } from '../parts/failure.js'
import { Loading } from '../parts/loading.js'
import { PageTitle } from '../parts/page-title.js'
import { PanelCard } from '../parts/panel-card.js'
import { Prose } from '../parts/prose.js'

const pages = import.meta.glob<string>('../../../docs/problems/*.md', { query: '?raw', import: 'default' })

/** What a code means and what to do: the page that the documentation has about it. */
export function ProblemPage() {
  const { code } = useParams({ from: '/problems/$code' })
  const load = pages[`../../../docs/problems/${code}.md`]
  const { data, error } = useQuery({
    queryKey: ['problem', code],
    queryFn: async () => (load === undefined ? null : await load()),
    staleTime: Number.POSITIVE_INFINITY,
  })
  return (
    <>
      <PageTitle title={code} />
      <PanelCard title="What it means and what to do">
        {error !== null ? (
          <Failure error={error} />
        ) : data === undefined ? (
          <Loading />
        ) : data === null ? (
          <EmptyState
            title="There is no page about this code"
            text={
              <Text span inherit>
                The text beside the code says what is known.
              </Text>
            }
          />
        ) : (
          <Prose markdown={data} />
        )}
      </PanelCard>
    </>
  )
}
