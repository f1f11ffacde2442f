import { assertEquals } from "@std/assert";
import { ERRNO } from "../../../ffi/sys/errno.ts";
import { allowedThreads, filesForDrafts, taskRoom } from "../../../ffi/process/limits.ts";
import { openFaulty, test } from "../harness.ts";

const CGROUP = "/proc/self/cgroup";

function roomIn(files: Record<string, string>): number {
  return taskRoom((path) => files[path]);
}

test("limits: at least one thread and one draft, whatever is known", async ({ linux }) => {
  assertEquals(allowedThreads(linux) >= 1, true);
  assertEquals(filesForDrafts(linux) >= 1, true);
  const unknown = await openFaulty({ getrlimit: () => ERRNO.EPERM });
  assertEquals(allowedThreads(unknown), 1);
  assertEquals(filesForDrafts(unknown), 1);
});

test("limits: room for tasks is that of the fullest group", () => {
  assertEquals(roomIn({}), Infinity);
  assertEquals(
    roomIn({
      [CGROUP]: "0::/a/b\n",
      "/sys/fs/cgroup/a/b/pids.max": "max\n",
      "/sys/fs/cgroup/a/b/pids.current": "7\n",
      "/sys/fs/cgroup/a/pids.max": "50\n",
      "/sys/fs/cgroup/a/pids.current": "11\n",
    }),
    39,
  );
  assertEquals(
    roomIn({
      [CGROUP]: "8:pids:/c\n",
      "/sys/fs/cgroup/pids/c/pids.max": "4\n",
      "/sys/fs/cgroup/pids/c/pids.current": "4\n",
    }),
    0,
  );
});
