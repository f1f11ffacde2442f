/**
 * All cases of the virtual machine, in the order in which they run there.
 *
 * @module
 */

import type { Disk, VmCase } from "./case.ts";
import { fsverityCases, keptSignatureCases, metadataCases } from "./fsverity_cases.ts";
import { mountCases } from "./mount_cases.ts";
import { corruptionCases, objectCases } from "./object_cases.ts";
import { signatureCases } from "./signature_cases.ts";

/** File systems of the machine's disks, in the order of their devices. */
export const DISK_KINDS = ["ext4", "btrfs"] as const;

const EXT4: Disk = { kind: "ext4", path: "/mnt/disk", device: "/dev/vda" };
const BTRFS: Disk = { kind: "btrfs", path: "/mnt/disk2", device: "/dev/vdb" };

/** The cases; the same list on the host, which looks for a report on each. */
export const CASES: readonly VmCase[] = [
  ...objectCases(EXT4),
  ...objectCases(BTRFS),
  ...fsverityCases(EXT4),
  ...fsverityCases(BTRFS),
  ...metadataCases(EXT4),
  ...corruptionCases(EXT4),
  ...mountCases(EXT4),
  // Last: they make the kernel ask for signatures.
  ...signatureCases(EXT4),
  ...keptSignatureCases(EXT4),
];
