import { AnchorLink } from './anchor-link.js'
import { engineName } from '../text/engine-name.js'

export function EngineLink({ id }: { id: string }) {
  return (
    <AnchorLink to="/engines/$engineId" params={{ engineId: id }} className="mono" fw={600} title={id}>
      {engineName(id)}
    </AnchorLink>
  )
}
