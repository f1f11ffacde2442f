/**
 * `doctor`: what this machine can do for composefs, and what to change where it cannot.
 *
 * @module
 */

import { printable, utf8 } from "../../../lib/bytes/text.ts";
import type { MachineFacts } from "../../../ffi/probe/probe.ts";
import { defineCommand, type OptionTable } from "../../args/command.ts";
import { describeFindings, type Finding } from "./_doctor_findings.ts";
import { judge } from "./_doctor_verdict.ts";
import { JSON_OPTION, jsonBytes, jsonLine } from "../../json.ts";

const options = { json: JSON_OPTION } as const satisfies OptionTable;

const operands = {
  path: {
    name: "PATH",
    summary: "Directory of images and objects, or an image in it; the current one by default",
    optional: true,
  },
} as const;

/** The command `composefs doctor`. */
export const doctor = defineCommand({
  name: "doctor",
  summary: "Find out whether composefs images can be mounted, and with what protection",
  description: [
    "Asks kernel and file system by trying: with files that have no name, and mounts that are attached nowhere. Nothing of it stays, but the kernel may load modules for it. Works without privilege; what only root can find out is unknown then.",
    "Prints a line for each thing: what it is, yes or no or unknown, and for no what does not work without it and what would change that.",
  ],
  operands,
  options,
  examples: [
    { summary: "Look at the place of an object store", command: "composefs doctor /srv/objects" },
  ],
  exitStatus: [
    "0 if mount.composefs works here for this user, with or without fs-verity; 1 if not.",
  ],
  seeAlso: ["mount.composefs(8)", "fsverity(1)"],
  run({ json }, { path = utf8(".") }, { terminal: { stdout }, machine }) {
    const facts = machine.probe(path);
    const findings = describeFindings(facts);
    const verdict = judge(facts);
    if (json) {
      const { type, source, mountPoint, directory } = facts.place;
      const fileSystem = { type, source, mountPoint };
      const { kernel } = facts;
      stdout.write(
        jsonLine({ ...jsonBytes("path", directory), kernel, fileSystem, findings, verdict }),
      );
    } else {
      const lines = [...head(facts), ...rows(findings), "", ...verdict.advice];
      stdout.write(lines.join("\n") + "\n");
    }
    return verdict.works ? 0 : 1;
  },
});

function head({ kernel, place }: MachineFacts): string[] {
  const { type, source, mountPoint, directory } = place;
  const mount = type === undefined ? "unknown" : `${type}, ${source} on ${mountPoint}`;
  return [
    `Linux ${kernel ?? "of an unknown release"}`,
    `${printable(directory)}: ${mount}`,
    "",
  ];
}

function rows(findings: readonly Finding[]): string[] {
  const width = Math.max(...findings.map(({ title }) => title.length));
  return findings.map(({ title, answer, reason, effect, remedy }) => {
    const cause = reason === undefined ? "" : ` (${reason})`;
    const rest = effect === undefined ? "" : `: ${effect}; ${remedy}`;
    const text = `${answer}${cause}${rest}`;
    return `${title.padEnd(width)}  ${text}`;
  });
}
