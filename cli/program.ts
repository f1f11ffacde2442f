/**
 * The program `composefs`: everything there is to call.
 *
 * @module
 */

import { cat } from "./commands/objects/cat.ts";
import { composefsDump } from "./compat/composefs_dump.ts";
import { composefsInfo } from "./compat/composefs_info.ts";
import { create } from "./commands/image/create.ts";
import { digest } from "./commands/image/digest.ts";
import { doctor } from "./commands/setup/doctor.ts";
import { dump } from "./commands/image/dump.ts";
import { extract } from "./commands/objects/extract.ts";
import { fsverity } from "./commands/fsverity/fsverity.ts";
import { install } from "./commands/setup/install.ts";
import { ls } from "./commands/image/ls.ts";
import { mkcomposefs } from "./compat/mkcomposefs.ts";
import { mount } from "./commands/mount/mount.ts";
import { mountComposefs } from "./compat/mount_composefs.ts";
import { missingObjects, objects } from "./commands/objects/objects.ts";
import { rewrite } from "./commands/image/rewrite.ts";
import { uninstall } from "./commands/setup/uninstall.ts";
import { verify } from "./commands/objects/verify.ts";
import type { Group } from "./args/command.ts";

/** The verbs of `composefs`, and the programs that also go by their own names. */
export const COMPOSEFS: Group = {
  kind: "group",
  name: "composefs",
  summary: "Make, read and mount composefs images",
  program: { usageStatus: 2, printUsage: false },
  description: [
    "Called by the name of one of its commands, through a link, it is that command.",
    "Each command has a help text of its own: composefs COMMAND --help.",
  ],
  options: {},
  commands: [
    create,
    ls,
    dump,
    objects,
    missingObjects,
    digest,
    verify,
    cat,
    extract,
    rewrite,
    mount,
    doctor,
    install(() => COMPOSEFS),
    uninstall,
    mkcomposefs,
    composefsInfo,
    composefsDump,
    mountComposefs,
    fsverity,
  ],
  exitStatus: [
    "0 done, 1 failed, 2 for a wrong command line. Commands that stand for a C program keep its statuses.",
  ],
};
