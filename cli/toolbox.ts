/**
 * The program `composefs`: everything there is to call.
 *
 * @module
 */

import { cat } from "./commands/cat.ts";
import { composefsDump } from "./commands/composefs_dump.ts";
import { composefsInfo } from "./commands/composefs_info.ts";
import { create } from "./commands/create.ts";
import { digest } from "./commands/digest.ts";
import { doctor } from "./commands/doctor.ts";
import { dump } from "./commands/dump.ts";
import { extract } from "./commands/extract.ts";
import { fsverity } from "./commands/fsverity.ts";
import { install } from "./commands/install.ts";
import { ls } from "./commands/ls.ts";
import { mkcomposefs } from "./commands/mkcomposefs.ts";
import { mount } from "./commands/mount.ts";
import { mountComposefs } from "./commands/mount_composefs.ts";
import { missingObjects, objects } from "./commands/objects.ts";
import { rewrite } from "./commands/rewrite.ts";
import { uninstall } from "./commands/uninstall.ts";
import { verify } from "./commands/verify.ts";
import type { Group } from "./command.ts";

/** The verbs of `composefs`, and the programs that also go by their own names. */
export const TOOLBOX: Group = {
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
    install(() => TOOLBOX),
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
