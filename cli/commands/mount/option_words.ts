/**
 * The words of `-o` in help and on manual pages, and below an error that is about one of them.
 *
 * @module
 */

import { MOUNT_OPTION_HELP } from "../../../lib/mount/option_help.ts";
import type { Topic } from "../../args/command.ts";
import { wrap } from "../../args/help.ts";

/** What each option does. */
export const MOUNT_OPTIONS_TOPIC: Topic = {
  title: "Mount options",
  text: [
    "Options are separated by commas. Of those given twice the last counts. A backslash makes the next character part of a value, as in basedir=a\\,b.",
  ],
  rows: MOUNT_OPTION_HELP.map(({ forms, ...rest }) => ({ left: forms.join(", "), ...rest })),
};

const INDENT = "  ";
const COLUMNS = 78;

/** Every option by its name, a few lines of them. */
export function mountOptionList(): string {
  const forms = MOUNT_OPTION_HELP.flatMap(({ forms }) => forms);
  const lines = wrap(forms.join(", "), COLUMNS - INDENT.length);
  return `${MOUNT_OPTIONS_TOPIC.title}:\n${lines.map((line) => `${INDENT}${line}\n`).join("")}`;
}
