import { assertEquals } from "@std/assert";
import { cgroupLimit, usableCpus } from "../../../ffi/process/cpus.ts";
import { ERRNO } from "../../../ffi/sys/errno.ts";
import { openFaulty, test } from "../harness.ts";

function limitOf(files: Record<string, string>): number {
  return cgroupLimit((path) => files[path]);
}

const CGROUP = "/proc/self/cgroup";

test("cpus: counts those that the process may run on", async ({ linux }) => {
  assertEquals(usableCpus(linux) >= 1, true);
  const few = await openFaulty({ sched_getaffinity: () => ERRNO.ENOSYS });
  assertEquals(usableCpus(few), 1);
});

test("cpus: no limit where there is no /proc, no group or no quota", () => {
  assertEquals(limitOf({}), Infinity);
  assertEquals(limitOf({ [CGROUP]: "0::/\n" }), Infinity);
  assertEquals(
    limitOf({ [CGROUP]: "0::/a\n", "/sys/fs/cgroup/a/cpu.max": "max 100000\n" }),
    Infinity,
  );
  assertEquals(
    limitOf({ [CGROUP]: "nonsense\n1:\n::", "/sys/fs/cgroup/cpu.max": "x y" }),
    Infinity,
  );
});

test("cpus: the lowest quota of a group and those around it", () => {
  const files = {
    [CGROUP]: "0::/a/b\n",
    "/sys/fs/cgroup/a/b/cpu.max": "400000 100000\n",
    "/sys/fs/cgroup/a/cpu.max": "150000 100000\n",
  };
  assertEquals(limitOf(files), 1.5);
  assertEquals(limitOf({ ...files, "/sys/fs/cgroup/cpu.max": "50000 100000\n" }), 0.5);
});

test("cpus: quotas of the first version of control groups", () => {
  const files = {
    [CGROUP]: "5:memory:/m\n3:cpu,cpuacct:/c\n",
    "/sys/fs/cgroup/cpu/c/cpu.cfs_quota_us": "300000\n",
    "/sys/fs/cgroup/cpu/c/cpu.cfs_period_us": "100000\n",
    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "-1\n",
    "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
  };
  assertEquals(limitOf(files), 3);
});
