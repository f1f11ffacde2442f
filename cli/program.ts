/**
 * The program `composefs`: everything there is to call.
 *
 * @module
 */

import { cat } from "./commands/objects/cat.ts";
import { composefsDump } from "./compat/composefs_dump.ts";
import { composefsInfo } from "./compat/composefs_info.ts";
import { create } from "./commands/image/create.ts";
import { diff } from "./commands/compare/diff.ts";
import { digest } from "./commands/image/digest.ts";
import { doctor } from "./commands/setup/doctor.ts";
import { dump } from "./commands/image/dump.ts";
import { explain } from "./commands/compare/explain.ts";
import { extract } from "./commands/objects/extract.ts";
import { fsverity } from "./commands/fsverity/fsverity.ts";
import { info } from "./commands/compare/info.ts";
import { install } from "./commands/setup/install.ts";
import { ls } from "./commands/image/ls.ts";
import { mkcomposefs } from "./compat/mkcomposefs.ts";
import { mount } from "./commands/mount/mount.ts";
import { mountComposefs } from "./compat/mount_composefs.ts";
import { missingObjects, objects } from "./commands/objects/objects.ts";
import { rewrite } from "./commands/image/rewrite.ts";
import { stat } from "./commands/image/stat.ts";
import { uninstall } from "./commands/setup/uninstall.ts";
import { verify } from "./commands/objects/verify.ts";
import { completePath } from "./commands/about/complete_path.ts";
import { completions } from "./commands/about/completions.ts";
import { ELSEWHERE } from "./elsewhere.ts";
import { help } from "./commands/about/help.ts";
import type { Group, Section } from "./args/command.ts";
import { OVERVIEW } from "./manual/overview.ts";

/** Every command, by what it is about. */
const SECTIONS: readonly Section[] = [
  { title: "Make images", commands: [create, rewrite] },
  { title: "Look into images", commands: [ls, stat, dump, cat, extract, objects, missingObjects] },
  { title: "Compare images", commands: [info, diff, explain] },
  { title: "Check and mount", commands: [digest, verify, mount] },
  {
    title: "Set up",
    commands: [doctor, install(() => COMPOSEFS), uninstall, completions(() => COMPOSEFS)],
  },
  { title: "Ask", commands: [help(() => COMPOSEFS)] },
  {
    title: "As other programs",
    commands: [mkcomposefs, composefsInfo, composefsDump, mountComposefs, fsverity],
  },
];

/** The verbs of `composefs`, and the programs that also go by their own names. */
export const COMPOSEFS: Group = {
  kind: "group",
  name: "composefs",
  summary: "Make, read and mount composefs images",
  program: { usageStatus: 2, printUsage: false },
  description: [
    "Called by the name of one of its commands, through a link, it is that command.",
    "Each command has a help text of its own: composefs help COMMAND, or composefs COMMAND --help.",
  ],
  options: {},
  commands: SECTIONS.flatMap(({ commands }) => commands),
  hidden: [completePath(() => COMPOSEFS)],
  sections: SECTIONS,
  elsewhere: ELSEWHERE,
  manual: OVERVIEW,
  exitStatus: [
    "0 done, 1 failed, 2 for a wrong command line or none. Commands that stand for a C program keep its statuses.",
  ],
};
