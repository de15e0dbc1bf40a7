/**
 * @module
 * Takes one file out of a zip archive held in memory. Only what wheels use: no encryption, no zip64, stored or deflated.
 */
import zlib from 'node:zlib'

const endOfDirectory = 0x06054b50
const directoryEntry = 0x02014b50

/**
 * The content of the first file whose name `matches`, checked against the archive's size and CRC.
 * @param {Buffer} archive
 * @param {(name: string) => boolean} matches
 * @returns {Buffer}
 */
export function unzipOne(archive, matches) {
  const end = findEnd(archive)
  let at = archive.readUInt32LE(end + 16)
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    if (archive.readUInt32LE(at) !== directoryEntry) throw new Error('the archive is damaged: its directory is cut short')
    const nameLength = archive.readUInt16LE(at + 28)
    const name = archive.toString('utf8', at + 46, at + 46 + nameLength)
    if (matches(name)) return extract(archive, at, name)
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32)
  }
  throw new Error('the archive does not hold the file that was looked for')
}

function findEnd(archive) {
  for (let at = archive.length - 22; at >= Math.max(0, archive.length - 22 - 0xffff); at--) {
    if (archive.readUInt32LE(at) === endOfDirectory) return at
  }
  throw new Error('this is not a zip archive, or it is cut short')
}

function extract(archive, entry, name) {
  const method = archive.readUInt16LE(entry + 10)
  const crc = archive.readUInt32LE(entry + 16)
  const packedSize = archive.readUInt32LE(entry + 20)
  const size = archive.readUInt32LE(entry + 24)
  const header = archive.readUInt32LE(entry + 42)
  const start = header + 30 + archive.readUInt16LE(header + 26) + archive.readUInt16LE(header + 28)
  const packed = archive.subarray(start, start + packedSize)
  if (method !== 0 && method !== 8) throw new Error(`${name} is packed by method ${method}, which is not supported`)
  const content = method === 0 ? packed : zlib.inflateRawSync(packed, { maxOutputLength: size || 1 })
  if (content.length !== size || zlib.crc32(content) !== crc) throw new Error(`${name} does not match its checksum in the archive`)
  return content
}
