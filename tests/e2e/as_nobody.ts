/**
 * Runs commands as nobody.
 *
 * Neither the runtimes nor the C programs need be where nobody can reach them: in a mount namespace of
 * its own, directories that are closed to others are replaced by open ones with the same entries.
 *
 * @module
 */

import { existsSync, mkdirSync, realpathSync, statSync } from "node:fs";
import { dirname } from "node:path";
import type { Subject } from "./each_program.ts";
import { type Finished, run, which } from "./process.ts";

/** User and group. */
export const NOBODY = 65534;

/** Directories on the way to a path that only their owners may enter, outermost first. */
function closedDirectories(path: string): string[] {
  const closed: string[] = [];
  for (let at = dirname(path); at !== "/"; at = dirname(at)) {
    if ((statSync(at).mode & 0o1) === 0) closed.unshift(at);
  }
  return closed;
}

/** Arguments: number of directories, the directories, the command. */
const OPEN_AND_RUN = `
  set -e
  hold=$1; count=$2; shift 2
  while [ $count -gt 0 ]; do
    mkdir -p "$hold"
    mount --bind "$1" "$hold"
    mount -t tmpfs -o mode=755 none "$1"
    for entry in "$hold"/* "$hold"/.[!.]*; do
      name=\${entry##*/}
      if [ -d "$entry" ]; then mkdir "$1/$name"; elif [ -f "$entry" ]; then : >"$1/$name"; else continue; fi
      mount --bind "$entry" "$1/$name"
    done
    umount "$hold"
    shift; count=$((count - 1))
  done
  rmdir "$hold" 2>/dev/null || :
  exec setpriv --reuid=${NOBODY} --regid=${NOBODY} --clear-groups "$@"`;

/** What it takes to run something as nobody. */
export const AS_NOBODY = { tools: ["setpriv", "unshare"], root: true } as const;

/**
 * Runs a command as nobody, in the test's directory, which nobody need own.
 *
 * @param tools Programs of PATH that the command starts.
 */
export function runAsNobody(
  subject: Subject,
  command: readonly string[],
  tools: readonly string[] = [],
): Finished {
  const cwd = subject.directory;
  const paths = [...subject.composefs, ...tools.map((tool) => which(tool)!)];
  // A program may be a link: the user nobody has to reach what it leads to as well.
  const ways = paths.filter((word) => word.startsWith("/"))
    .flatMap((path) => [path, realpathSync(path)]);
  const closed = new Set(ways.flatMap(closedDirectories));
  const home = subject.path("home");
  mkdirSync(home, { recursive: true });
  Deno.chownSync(home, NOBODY, NOBODY);
  const unshare = ["unshare", "-m", "--propagation", "private", "sh", "-c", OPEN_AND_RUN, "sh"];
  const before = [`${home}/hold`, `${closed.size}`, ...closed];
  const env = { HOME: home, DENO_DIR: `${home}/deno`, DENO_NO_UPDATE_CHECK: "1" };
  if (!existsSync(env.DENO_DIR)) {
    // Deno says what it downloads, once for each home.
    mkdirSync(env.DENO_DIR);
    Deno.chownSync(env.DENO_DIR, NOBODY, NOBODY);
    run(unshare, [...before, ...subject.composefs, "--version"], { cwd, env });
  }
  return run(unshare, [...before, ...command], { cwd, env });
}
