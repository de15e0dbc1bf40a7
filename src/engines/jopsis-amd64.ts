/**
 * @module
 * `jopsis/acestream:x64`: the whole command line in `ACESTREAM_ARGS`. The arguments are those that the image documents as its own defaults; the variable
 * replaces them, so they are given again with the ports behind them.
 */
import { portFlags, type Variant } from './variant.js'

const ARGUMENTS = [
  '--client-console --bind-all',
  // The two tokens are the image's published defaults, the same on every installation: they guard nothing.
  '--service-remote-access --access-token acestream --service-access-token root',
  '--live-cache-type memory --live-cache-size 209715200 --vod-cache-type memory --cache-dir /acestream/.ACEStream',
  '--vod-drop-max-age 120 --max-file-size 2147483648 --live-buffer 25 --vod-buffer 10',
  '--max-connections 500 --max-peers 50 --max-upload-slots 50 --auto-slots 0 --download-limit 0 --upload-limit 0',
  '--stats-report-interval 2 --stats-report-peers --slots-manager-use-cpu-limit 1',
  '--core-skip-have-before-playback-pos 1 --core-dlr-periodic-check-interval 5 --check-live-pos-interval 5 --refill-buffer-interval 1',
  '--webrtc-allow-outgoing-connections 1 --allow-user-config --log-debug 0 --log-max-size 15000000 --log-backup-count 1',
]

export const jopsisAmd64: Variant = {
  image: () => 'jopsis/acestream:x64',
  containerConfig: (ports) => ({
    environment: { ACESTREAM_ARGS: [...ARGUMENTS, ...portFlags(ports)].join(' ') },
    command: null,
  }),
}
