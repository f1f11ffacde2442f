/**
 * What people type who know another program, and what does here what they want.
 *
 * @module
 */

const CREATE = 'try "composefs create"';
const LS = 'try "composefs ls"';
const EXTRACT = 'try "composefs extract"';
const VERIFY = 'try "composefs verify"';
const DIGEST = 'try "composefs digest" for files, "composefs create --print-digest-only" for trees';
const UNMOUNT = "umount(8) unmounts";
const STORE = 'objects are put there by "composefs create --store"';

/** Advice by word: those of git, podman, tar, cfsctl, mkfs and mount. */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  add: CREATE,
  build: CREATE,
  c: CREATE,
  commit: CREATE,
  init: STORE,
  "init-store": STORE,
  make: CREATE,
  mk: CREATE,
  mkfs: CREATE,
  new: CREATE,
  pack: CREATE,
  "create-image": CREATE,
  "create-dumpfile": 'try "composefs dump"',
  dir: LS,
  files: LS,
  list: LS,
  ll: LS,
  "ls-tree": LS,
  t: LS,
  tree: LS,
  show: 'try "composefs ls", "composefs dump" or "composefs cat"',
  inspect: 'try "composefs info" or "composefs dump"',
  print: 'try "composefs dump" or "composefs cat"',
  checkout: EXTRACT,
  copy: EXTRACT,
  cp: EXTRACT,
  export: EXTRACT,
  unpack: EXTRACT,
  untar: EXTRACT,
  restore: EXTRACT,
  x: EXTRACT,
  tar: 'try "composefs extract --tar"',
  check: VERIFY,
  fsck: VERIFY,
  scrub: VERIFY,
  test: VERIFY,
  validate: VERIFY,
  "compute-id": DIGEST,
  hash: DIGEST,
  id: DIGEST,
  measure: DIGEST,
  "measure-file": DIGEST,
  sha256sum: DIGEST,
  sum: DIGEST,
  convert: 'try "composefs rewrite"',
  sign: 'try "composefs fsverity sign"',
  enable: 'try "composefs fsverity enable"',
  "image-objects": 'try "composefs objects"',
  missing: 'try "composefs missing-objects"',
  remount: 'try "composefs mount -o remount"',
  umount: UNMOUNT,
  unmount: UNMOUNT,
  status: 'try "composefs doctor"',
  setup: 'try "composefs install"',
  remove: 'try "composefs uninstall"',
  completion: 'try "composefs completions"',
};
