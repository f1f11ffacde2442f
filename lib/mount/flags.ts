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

/** Words that are explained together. */
interface FlagRow {
  readonly words: Readonly<Record<string, FlagEffect>>;
  /** What they do, without a final period. */
  readonly summary: string;
}

const ROWS: readonly FlagRow[] = [
  {
    words: { ro: { set: ["ro"] }, rw: { clear: ["ro"] } },
    summary:
      "Mount read-only, or writable; without upperdir= nothing can be written in either case",
  },
  {
    words: { nosuid: { set: ["nosuid"] }, suid: { clear: ["nosuid"] } },
    summary:
      "Set-user-ID and set-group-ID bits and capabilities of programs have no effect, or do have it",
  },
  {
    words: { nodev: { set: ["nodev"] }, dev: { clear: ["nodev"] } },
    summary: "Device files cannot be opened, or can",
  },
  {
    words: { noexec: { set: ["noexec"] }, exec: { clear: ["noexec"] } },
    summary: "Programs cannot be started, or can",
  },
  {
    words: { nosymfollow: { set: ["nosymfollow"] }, symfollow: { clear: ["nosymfollow"] } },
    summary: "Symbolic links are not followed, or are",
  },
  {
    words: {
      noatime: { set: ["noatime"], clear: ["strictatime"] },
      atime: { clear: ["noatime"] },
      strictatime: { set: ["strictatime"], clear: ["noatime"] },
      nostrictatime: { clear: ["strictatime"] },
      relatime: { clear: ["noatime", "strictatime"] },
      norelatime: NOTHING,
    },
    summary:
      "Access times of files change never (noatime), at every access (strictatime), or as the kernel does by default (relatime); atime undoes the first, nostrictatime the second, and norelatime has no effect",
  },
  {
    words: { nodiratime: { set: ["nodiratime"] }, diratime: { clear: ["nodiratime"] } },
    summary: "Access times of directories change never, or as those of files do",
  },
  {
    words: { sync: { set: ["sync"] }, async: { clear: ["sync"] } },
    summary: "What is written is on the disk when the call returns, or later",
  },
  {
    words: { dirsync: { set: ["dirsync"] } },
    summary: "The same as sync, of changes in directories only",
  },
  {
    words: { lazytime: { set: ["lazytime"] }, nolazytime: { clear: ["lazytime"] } },
    summary: "Times that change are kept in memory for a while, or written with the rest",
  },
  {
    // The kernel has ignored mandatory locking since 5.15, and messages are ours to print.
    words: { mand: NOTHING, nomand: NOTHING, silent: NOTHING, loud: NOTHING, defaults: NOTHING },
    summary: "Accepted as for every file system, without effect",
  },
  // Words for mount(8) itself. Who may mount an entry of fstab decides what the mount may do.
  {
    words: {
      user: { set: ["noexec", "nosuid", "nodev"] },
      users: { set: ["noexec", "nosuid", "nodev"] },
    },
    summary: "Whoever mounted it was allowed to by fstab: the same as noexec,nosuid,nodev",
  },
  {
    words: { owner: { set: ["nosuid", "nodev"] }, group: { set: ["nosuid", "nodev"] } },
    summary: "Likewise, the same as nosuid,nodev",
  },
  {
    words: {
      nouser: NOTHING,
      nousers: NOTHING,
      noowner: NOTHING,
      nogroup: NOTHING,
      auto: NOTHING,
      noauto: NOTHING,
      nofail: NOTHING,
      _netdev: NOTHING,
    },
    summary: "For programs that read fstab, without effect here",
  },
];

/** How options for other programs that read fstab begin, and how they go on. */
const COMMENTS: readonly { readonly start: string; readonly rest: string }[] = [
  { start: "x-", rest: "NAME[=TEXT]" },
  { start: "X-", rest: "NAME[=TEXT]" },
  { start: "comment=", rest: "TEXT" },
  { start: "uhelper=", rest: "TEXT" },
  { start: "helper=", rest: "TEXT" },
  { start: "user=", rest: "NAME" },
];

const EFFECTS: ReadonlyMap<string, FlagEffect> = new Map(
  ROWS.flatMap(({ words }) => Object.entries(words)),
);

/** Every word that {@linkcode flagEffect} knows by itself. */
export const FLAG_WORDS: readonly string[] = [...EFFECTS.keys()];

/** All words that {@linkcode flagEffect} knows, in rows of those that belong together, with what they do. */
export const FLAG_HELP: readonly { readonly forms: readonly string[]; readonly summary: string }[] =
  [
    ...ROWS.map(({ words, summary }) => ({ forms: Object.keys(words), summary })),
    {
      forms: COMMENTS.map(({ start, rest }) => start + rest),
      summary: "Notes for other programs that read fstab, without effect here",
    },
  ];

/** What a word does, undefined if it is none of the words that every file system has. */
export function flagEffect(word: string): FlagEffect | undefined {
  return EFFECTS.get(word) ??
    (COMMENTS.some(({ start }) => word.startsWith(start)) ? NOTHING : undefined);
}
