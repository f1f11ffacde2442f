/**
 * Where the inodes, xattrs and dirents of an EROFS image lie.
 *
 * A short walk of its own, so that damage can be aimed without asking the reader under test. Trusts a
 * sound image and merely stops early on another.
 *
 * @module
 */

/** A part of a file: offset of its first byte and of the first byte behind it. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** Where the superblock is. */
export const SUPERBLOCK: Range = { start: 1024, end: 1152 };
/** Block size in bytes. */
export const BLOCK = 4096;
const SLOT = 32;
const FLAT_PLAIN = 0;
const DIRECTORY = 0o040000;

/** What the reader's attention goes to, as far as a walk from the root finds it. */
export interface ImageMap {
  readonly inodes: Range[];
  readonly xattrs: Range[];
  readonly dirents: Range[];
}

/** Finds inodes and directories of a sound EROFS image; stops quietly where it is not sound. */
export function mapImage(image: Uint8Array): ImageMap {
  const view = new DataView(image.buffer, image.byteOffset, image.length);
  const map: ImageMap = { inodes: [], xattrs: [], dirents: [] };
  if (image.length < SUPERBLOCK.end) return map;
  const seen = new Set<number>();
  const queue = [view.getUint16(1024 + 14, true)];
  while (queue.length > 0 && seen.size < 5000) {
    const nid = queue.shift()!;
    const start = nid * SLOT;
    if (seen.has(nid) || start + 64 > image.length) continue;
    seen.add(nid);
    const format = view.getUint16(start, true);
    const icount = view.getUint16(start + 2, true);
    const bodyEnd = start + ((format & 1) === 1 ? 64 : 32);
    const xattrEnd = bodyEnd + (icount === 0 ? 0 : 12 + (icount - 1) * 4);
    map.inodes.push({ start, end: bodyEnd });
    if (icount > 0) map.xattrs.push({ start: bodyEnd, end: Math.min(xattrEnd, image.length) });
    if ((view.getUint16(start + 4, true) & 0o170000) !== DIRECTORY) continue;
    for (const group of directoryGroups(view, start, xattrEnd)) {
      map.dirents.push(group);
      for (const child of childrenOf(view, group)) queue.push(child);
    }
  }
  return map;
}

/** The blocks of a directory and the part behind its inode. */
function directoryGroups(view: DataView, inode: number, tail: number): Range[] {
  const layout = view.getUint16(inode, true) >> 1 & 7;
  const size = view.getUint32(inode + 8, true);
  const block = view.getUint32(inode + 16, true);
  const groups: Range[] = [];
  const whole = layout === FLAT_PLAIN ? Math.ceil(size / BLOCK) : Math.floor(size / BLOCK);
  for (let i = 0; i < whole && i < 1000; i++) {
    const start = (block + i) * BLOCK;
    groups.push({ start, end: start + BLOCK });
  }
  if (layout !== FLAT_PLAIN) groups.push({ start: tail, end: tail + size % BLOCK });
  return groups.filter(({ start, end }) => end > start && end <= view.byteLength);
}

function childrenOf(view: DataView, group: Range): number[] {
  if (group.start + 12 > group.end) return [];
  const count = Math.floor(view.getUint16(group.start + 8, true) / 12);
  const children: number[] = [];
  for (let i = 0; i < count && group.start + (i + 1) * 12 <= group.end; i++) {
    children.push(view.getUint32(group.start + i * 12, true));
  }
  return children;
}
