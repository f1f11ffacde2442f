/**
 * The option words that mean the same for every file system, as mount(8) hands them to its helpers.
 *
 * Says what each word sets and clears. `ffi/mount/` knows what the kernel calls the result.
 *
 * @see mount(8), "FILESYSTEM-INDEPENDENT MOUNT OPTIONS"
 *
 * @module
 */

/** A property of the mount point that is off unless set. Access times are relative by default. */
export type MountFlag =
  | "ro"
  | "nosuid"
  | "nodev"
  | "noexec"
  | "noatime"
  | "strictatime"
  | "nodiratime"
  | "nosymfollow";

/** A property of the file system itself, under the name that fsconfig(2) takes it by. */
export type SuperblockFlag = "sync" | "dirsync" | "lazytime";

/** What one option word does; one without either is accepted and means nothing to us. */
export interface FlagEffect {
  readonly set?: readonly (MountFlag | SuperblockFlag)[];
  readonly clear?: readonly (MountFlag | SuperblockFlag)[];
}

const NOTHING: FlagEffect = {};

const EFFECTS: Readonly<Record<string, FlagEffect>> = {
  ro: { set: ["ro"] },
  rw: { clear: ["ro"] },
  nosuid: { set: ["nosuid"] },
  suid: { clear: ["nosuid"] },
  nodev: { set: ["nodev"] },
  dev: { clear: ["nodev"] },
  noexec: { set: ["noexec"] },
  exec: { clear: ["noexec"] },
  nosymfollow: { set: ["nosymfollow"] },
  symfollow: { clear: ["nosymfollow"] },
  noatime: { set: ["noatime"], clear: ["strictatime"] },
  atime: { clear: ["noatime"] },
  strictatime: { set: ["strictatime"], clear: ["noatime"] },
  nostrictatime: { clear: ["strictatime"] },
  relatime: { clear: ["noatime", "strictatime"] },
  norelatime: NOTHING,
  nodiratime: { set: ["nodiratime"] },
  diratime: { clear: ["nodiratime"] },
  sync: { set: ["sync"] },
  async: { clear: ["sync"] },
  dirsync: { set: ["dirsync"] },
  lazytime: { set: ["lazytime"] },
  nolazytime: { clear: ["lazytime"] },
  // The kernel has ignored mandatory locking since 5.15, and messages are ours to print.
  mand: NOTHING,
  nomand: NOTHING,
  silent: NOTHING,
  loud: NOTHING,
  defaults: NOTHING,
  // Words for mount(8) itself. Who may mount an entry of fstab decides what the mount may do.
  user: { set: ["noexec", "nosuid", "nodev"] },
  users: { set: ["noexec", "nosuid", "nodev"] },
  owner: { set: ["nosuid", "nodev"] },
  group: { set: ["nosuid", "nodev"] },
  nouser: NOTHING,
  nousers: NOTHING,
  noowner: NOTHING,
  nogroup: NOTHING,
  auto: NOTHING,
  noauto: NOTHING,
  nofail: NOTHING,
  _netdev: NOTHING,
};

/** Every word that {@linkcode flagEffect} knows by itself. */
export const FLAG_WORDS: readonly string[] = Object.keys(EFFECTS);

/** What a word does, undefined if it is none of the words that every file system has. */
export function flagEffect(word: string): FlagEffect | undefined {
  if (Object.hasOwn(EFFECTS, word)) return EFFECTS[word];
  // Comments for other programs that read fstab.
  return /^(x-|X-|comment=|uhelper=|helper=|user=)/.test(word) ? NOTHING : undefined;
}
