/**
 * The virtual machines and the cases that run in each, in this order.
 *
 * @module
 */

import type { Executable } from "../../scripts/test/executables.ts";
import { bunCases } from "./bun_cases.ts";
import type { Disk, VmCase } from "./case.ts";
import { clockCases } from "./clock_cases.ts";
import { treeCases } from "./tree_cases.ts";
import { fsverityCases, keptSignatureCases, metadataCases } from "./fsverity_cases.ts";
import { mountCases } from "./mount_cases.ts";
import { corruptionCases, objectCases } from "./object_cases.ts";
import { linux510Cases, linux61Cases } from "./old_kernel_cases.ts";
import { parameterCases } from "./parameter_cases.ts";
import { signatureCases } from "./signature_cases.ts";
import { unprivilegedCases } from "./unprivileged_cases.ts";

/** A machine and what is tried in it. */
export interface Machine {
  /** What it is there for, as its step is called. */
  readonly title: string;
  /** Suite of Debian that its kernel is of; the newest, or what `VM_SUITE` says, by default. */
  readonly suite?: string;
  /** Its disks, in the order of their devices. */
  readonly disks: readonly Disk[];
  /**
   * The cases; the same list on the host, which looks for a report on each.
   *
   * @param bun Our program as Bun's executable.
   */
  cases(bun: Executable): readonly VmCase[];
}

const EXT4: Disk = { kind: "ext4", path: "/mnt/disk", device: "/dev/vda" };
const BTRFS: Disk = { kind: "btrfs", path: "/mnt/disk2", device: "/dev/vdb" };

/** All machines, by the names that host and guest know them by. */
export const MACHINES = {
  verity: {
    title: "with fs-verity",
    disks: [EXT4, BTRFS],
    cases: (bun: Executable) => [
      ...objectCases(EXT4),
      ...objectCases(BTRFS),
      ...fsverityCases(EXT4),
      ...fsverityCases(BTRFS),
      ...metadataCases(EXT4),
      ...treeCases(EXT4),
      ...treeCases(BTRFS),
      ...parameterCases(EXT4),
      ...parameterCases(BTRFS),
      ...corruptionCases(EXT4),
      ...clockCases(EXT4),
      ...mountCases(EXT4),
      ...bunCases(EXT4, bun),
      ...unprivilegedCases(EXT4, bun),
      // Last: they make the kernel ask for signatures.
      ...signatureCases(EXT4),
      ...keptSignatureCases(EXT4),
    ],
  },
  linux61: {
    suite: "bookworm",
    title: "Linux 6.1",
    disks: [EXT4],
    cases: (bun: Executable) => linux61Cases(EXT4, bun),
  },
  linux510: {
    suite: "bullseye",
    title: "Linux 5.10",
    disks: [EXT4],
    cases: () => linux510Cases(EXT4),
  },
} as const satisfies Readonly<Record<string, Machine>>;
