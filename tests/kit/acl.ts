/**
 * ACLs as they are in xattrs.
 *
 * @module
 */

/** The ID of entries that are for nobody in particular. */
export const NO_ID = 0xffffffff;

/** Tag, permissions and ID of an entry: `struct posix_acl_xattr_entry`. */
export type AclEntry = readonly [tag: number, permissions: number, id: number];

/** The value of `system.posix_acl_access` or `system.posix_acl_default`: version 2, then the entries. */
export function acl(...entries: readonly AclEntry[]): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(4 + 8 * entries.length));
  view.setUint32(0, 2, true);
  entries.forEach(([tag, permissions, id], i) => {
    view.setUint16(4 + 8 * i, tag, true);
    view.setUint16(6 + 8 * i, permissions, true);
    view.setUint32(8 + 8 * i, id, true);
  });
  return new Uint8Array(view.buffer);
}
