// A seed of webtorrent, over TCP alone: node webtorrent.js MODULES TORRENT DATA PORT
const [modules, torrent, data, port] = process.argv.slice(2)
const WebTorrent = require(`${modules}/node_modules/webtorrent`)

const client = new WebTorrent({
  torrentPort: Number(port),
  dht: false,
  lsd: false,
  natUpnp: false,
  natPmp: false,
  tracker: false,
  utPex: false,
  utp: false,
  webSeeds: false
})
client.on('error', error => { throw error })
client.add(torrent, { path: data, announce: [] }, added => {
  // Nothing is missing: it has checked what is there.
  added.on('done', () => console.log('seeds'))
  if (added.done) console.log('seeds')
})
