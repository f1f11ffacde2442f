/**
 * `mount`: an image and its object stores become a directory tree.
 *
 * `mount_composefs.ts` is the same work under the C program's name. `ffi/mount/` has the kernel do it.
 *
 * @module
 */

import { quote, utf8 } from "../../../lib/bytes/text.ts";
import { MountOptionError, UnknownMountOptionError } from "../../../lib/mount/option_error.ts";
import { MOUNT_OPTION_WORDS } from "../../../lib/mount/option_help.ts";
import {
  completeMountOptions,
  type MountOptions,
  type MountSettings,
  parseMountOptions,
} from "../../../lib/mount/options.ts";
import {
  type Context,
  defineCommand,
  type OperandTable,
  type OptionTable,
  type OptionValues,
} from "../../args/command.ts";
import { JSON_OPTION, jsonBytes, jsonLine } from "../../json.ts";
import { note } from "../../note.ts";
import { suggestion } from "../../args/suggest.ts";
import { UsageError } from "../../args/usage_error.ts";
import { digest, list, path } from "../../args/values.ts";
import { type NamedImage, namedImage } from "./_named_image.ts";
import { MOUNT_OPTIONS_TOPIC, mountOptionList } from "./option_words.ts";
import { orderError } from "../../references/operand_order.ts";
import { STORE_VARIABLE, storeOptions, storePaths } from "../../references/stores.ts";
import { referenceOptions } from "../../references/options.ts";
import { IMAGE_OPERAND, REFERENCE_HELP } from "../../references/reference.ts";

/** Image and mount point, with the C program's words for their absence. */
export const MOUNT_OPERANDS = {
  image: { ...IMAGE_OPERAND, missing: "No source path specified" },
  mountpoint: {
    name: "MOUNTPOINT",
    summary: "An existing directory",
    missing: "No mount path specified",
  },
} as const satisfies OperandTable;

/** Bytes as they are; completions offer these words, with commas between them. */
const mountOptions = list(MOUNT_OPTION_WORDS);

/** The option that holds options, as mount(8) has it. */
export const OPTIONS_OPTION = {
  kind: "list",
  short: "o",
  value: "OPTION[,OPTION...]",
  parse: mountOptions,
  summary: "Mount with these options",
  help:
    "They are explained below. What is mounted shows IMAGE as its source, unless source= is among them.",
} as const;

const options = {
  ...referenceOptions,
  store: {
    ...storeOptions.store,
    summary: "Find objects in the object store DIR",
    help:
      `At least one is needed. The first store that has an object is the one it is read from. Without this option and basedir= the store that ${STORE_VARIABLE} names is taken, if that is set.`,
  },
  basedir: storeOptions.basedir,
  digest: {
    kind: "value",
    value: "HEX",
    parse: digest,
    summary: "Mount only an image with this fs-verity digest",
    help: "Objects are then verified too, as with --verity.",
  },
  verity: {
    kind: "flag",
    summary: "Refuse to read objects that do not have the fs-verity digest of the image",
    help: "Needs Linux 6.6 and fs-verity in the file systems of all stores.",
  },
  tryverity: {
    kind: "flag",
    summary: "Verify objects if kernel and file systems can, else mount without",
  },
  userverity: {
    kind: "flag",
    summary: "Where the image has no fs-verity, check the digest of a copy and mount that",
    help:
      "The copy is in memory and sealed. Objects are verified if kernel and file systems can, or the mount is refused if --verity is given as well.",
  },
  "allow-undigested": {
    kind: "flag",
    summary: "With --userverity, mount an image that has no digests of some objects",
    help: "Whoever can write into the stores decides what these hold, whatever the image's digest.",
  },
  upperdir: {
    kind: "value",
    value: "PATH",
    parse: path,
    summary: "Make the mount writable and keep what changes in PATH",
  },
  workdir: {
    kind: "value",
    value: "PATH",
    parse: path,
    summary: "Working directory of --upperdir, empty and on the same file system",
  },
  idmap: {
    kind: "value",
    value: "PATH",
    parse: path,
    summary: "Map owners through a user namespace, such as /proc/PID/ns/user",
  },
  "read-only": { kind: "flag", short: "r", summary: "Mount read-only, as -o ro" },
  options: OPTIONS_OPTION,
  "dry-run": { kind: "flag", summary: "Look at image and directories, mount nothing" },
  check: { kind: "flag", summary: "The same as --dry-run", hidden: true },
  verbose: { kind: "flag", short: "v", summary: "Say how it was mounted" },
  json: {
    ...JSON_OPTION,
    summary: "Print as JSON what was mounted, and how",
    help:
      "One object: image, mountpoint, whether it is mounted, what EROFS reads from as backing and how overlayfs got it as layer, or null, whether objects are verified as objectVerity and whether the image is a copy in memory as copied.",
  },
} as const satisfies OptionTable;

/** The command `composefs mount`. */
export const mount = defineCommand({
  name: "mount",
  summary: "Mount an image",
  description: [
    "Needs root. Metadata comes from the image, the contents of larger files from the object stores.",
    "If it fails, nothing is mounted and nothing is left behind.",
    `${REFERENCE_HELP} An image that has to be made is made in memory, and its objects are expected in the stores.`,
  ],
  operands: MOUNT_OPERANDS,
  options,
  topics: [MOUNT_OPTIONS_TOPIC],
  examples: [
    {
      summary: "Mount an image",
      command: "composefs mount --store=objects rootfs.cfs /mnt",
    },
    {
      summary: "Mount it only if it is the right one, and verify all that is read",
      command: 'composefs mount --store=objects --digest="$DIGEST" rootfs.cfs /mnt',
    },
  ],
  exitStatus: ["0 if the image was mounted, 1 if not."],
  seeAlso: ["mount.composefs(8)", "composefs-image(5)", "mount(8)"],
  async run(options, operands, context) {
    const given = readSettings(options.options, { suggests: true });
    const settings = { ...given, ...longSettings(options, given, context) };
    const misplaced = orderError(operands.image, operands.mountpoint, "MOUNTPOINT", context);
    if (misplaced !== undefined) throw misplaced;
    const { as, platform, maxSize, trustToc, threads } = options;
    const reading = { as, platform, maxSize, trustToc, threads };
    const image = settings.remount === true
      ? { name: operands.image }
      : await namedImage(operands.image, { ...settings, ...reading }, context);
    return runMount(settings, { image, mountpoint: operands.mountpoint }, context, {
      check: options.dryRun || options.check,
      verbose: options.verbose,
      json: options.json,
    });
  },
});

/** The settings of the long options, which go before those of `-o`. */
function longSettings(
  given: OptionValues<typeof options>,
  { basedirs = [], flags = new Set() }: MountSettings,
  context: Context,
): MountSettings {
  const { digest, upperdir, workdir, idmap } = given;
  const verity = given.verity ? "require" : given.tryverity ? "try" : undefined;
  const isNamed = basedirs.length + given.store.length + given.basedir.length > 0;
  return {
    basedirs: isNamed
      ? [...basedirs, ...given.store, ...given.basedir]
      : storePaths(given, context),
    flags: given.readOnly ? new Set([...flags, "ro"]) : flags,
    ...(digest === undefined ? {} : { digest }),
    ...(verity === undefined ? {} : { verity }),
    ...(given.userverity ? { userVerity: true } : {}),
    ...(given.allowUndigested ? { allowUndigested: true } : {}),
    ...(upperdir === undefined ? {} : { upperdir }),
    ...(workdir === undefined ? {} : { workdir }),
    ...(idmap === undefined ? {} : { idmap }),
  };
}

/**
 * Reads the values of `-o`.
 *
 * @param suggests Says which option was probably meant, if there is none of a name. The C program does not.
 * @throws {UsageError} If an option is wrong; it lists those that there are.
 */
export function readSettings(
  strings: readonly Uint8Array[],
  { sloppy = false, suggests = false }: { readonly sloppy?: boolean; readonly suggests?: boolean },
): MountSettings {
  try {
    return parseMountOptions(strings, { sloppy });
  } catch (error) {
    if (!(error instanceof MountOptionError)) throw error;
    const meant = suggests && error instanceof UnknownMountOptionError
      ? suggestion(error.option, MOUNT_OPTION_WORDS.map((word) => word.replace("=", "")))
      : "";
    throw new UsageError(error.message + meant, {
      cause: error,
      usage: false,
      choices: mountOptionList(),
    });
  }
}

/** What others need to enter a directory and to list it. */
const OTHERS = 0o005;

/** What is done, and said of it. */
interface MountManner {
  /** Mounts nothing. */
  readonly check: boolean;
  readonly verbose: boolean;
  readonly json?: boolean;
}

/** Mounts, or changes a mount, and says how if asked to. */
export function runMount(
  settings: MountSettings,
  { image, mountpoint }: { readonly image: NamedImage; readonly mountpoint: Uint8Array },
  { program, asC, terminal, machine }: Context,
  { check: checkOnly, verbose, json = false }: MountManner,
): number {
  const place = { ...jsonBytes("image", image.name), ...jsonBytes("mountpoint", mountpoint) };
  const answer = (fields: object) => {
    if (json) terminal.stdout.write(jsonLine({ ...place, ...fields }));
  };
  if (settings.remount === true) {
    if (!checkOnly) machine.remount(mountpoint, settings.flags ?? new Set());
    answer({ remounted: !checkOnly });
    return 0;
  }
  const options = completed(settings, asC);
  const { backing, layer, objectVerity, copied, upperMode } = machine.mount({
    image: image.name,
    bytes: image.bytes,
    mountpoint,
    options,
    checkOnly,
  });
  if (upperMode !== undefined && (upperMode & OTHERS) !== OTHERS) {
    const mode = upperMode.toString(8).padStart(4, "0");
    note(
      { terminal, program },
      `upper directory ${quote(options.upperdir!)} has mode ${mode}, and so has the root of ` +
        "the mount, which others then may not enter",
    );
  }
  const mounted = backing !== undefined;
  answer({ mounted, backing: backing ?? null, layer: layer ?? null, objectVerity, copied });
  if (!verbose || json) return 0;
  const names = `${quote(image.name)} on ${quote(mountpoint)}`;
  const how = backing === undefined ? "nothing mounted" : `EROFS from ${backing}, layer ${layer}`;
  const verity = `objects ${objectVerity ? "verified" : "not verified"}`;
  const copy = copied ? ", image copied to memory" : "";
  terminal.stderr.write(utf8(`${program}: ${names}: ${how}, ${verity}${copy}\n`));
  return 0;
}

/**
 * Checks that the settings fit together.
 *
 * @throws {UsageError} If they do not.
 */
function completed(settings: MountSettings, asC: boolean): MountOptions {
  try {
    return completeMountOptions(settings);
  } catch (error) {
    if (!(error instanceof MountOptionError)) throw error;
    // The C program prints its usage after this mistake only.
    const lacksStore = settings.basedirs === undefined || settings.basedirs.length === 0;
    throw new UsageError(error.message + (lacksStore && !asC ? "; expected --store=DIR" : ""), {
      cause: error,
      usage: lacksStore,
      ...(asC ? { choices: mountOptionList() } : {}),
    });
  }
}
