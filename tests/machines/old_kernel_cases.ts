/**
 * Cases on kernels that cannot do all of it: what they can is done, and what not is refused in a line
 * that names the version that can.
 *
 * Linux 6.1 has EROFS from loop devices only, and overlays without data-only layers and verity. Linux
 * 5.10 is older than what a composefs image needs, though it mounts one.
 *
 * @module
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import type { Executable } from "../../scripts/test/executables.ts";
import { type Disk, errorCode, succeed, type VmCase } from "./case.ts";
import { BAR, FOO, FOO_DIGEST, IMAGE_DIGEST, SHORT } from "./example.ts";
import {
  casesOf,
  CHANGED,
  type Checks,
  DEBIANS,
  mounted,
  mountOptions,
  NO_VERITY,
  onBun,
  OURS,
  read,
  refused,
  replace,
  WRONG_VERITY,
} from "./mount_bench.ts";
import { CHECKS, PROCESS_CHECKS } from "./mount_cases.ts";
import { enable } from "./object_cases.ts";
import { MAPPED_ROOT, UserNamespace } from "./user_namespace.ts";

const NO_OVERLAY_VERITY = "overlayfs checks fs-verity since Linux 6.6";

/** The cases of Linux 6.1. */
export function linux61Cases(disk: Disk, bun: Executable): VmCase[] {
  return [
    ...casesOf(OURS, disk, { ...LOOP_CHECKS, ...OUR_LOOP_CHECKS }),
    ...casesOf(DEBIANS, disk, { ...LOOP_CHECKS, ...PROCESS_CHECKS }),
    {
      name: "fsverity: blocks smaller than a page are refused",
      async run(guest) {
        const path = join(guest.directory(disk), "file");
        writeFileSync(path, FOO);
        const args = ["enable", "--block-size=1024", path];
        const { status, stderr } = await guest.ours("fsverity", args);
        assertEquals(status, 1);
        assertStringIncludes(stderr, "with blocks of 1024 bytes, as Linux does since 6.3 (EINVAL)");
      },
    },
    ...casesOf(onBun(bun), disk, { ...PROCESS_CHECKS, ...BUN_LOOP_CHECKS }),
    doctorCase(disk, {
      verdict: [true, false, []],
      yes: ["erofs", "chunks", "loop", "overlay", "composefs", "placeVerity", "memfd"],
      no: ["erofsFile", "dataLayers", "layerParameters", "overlayVerity"],
    }),
  ];
}

/** The cases of Linux 5.10. */
export function linux510Cases(disk: Disk): VmCase[] {
  return [
    ...casesOf(OURS, disk, {
      "a mount is refused, as files could not be read": async (bench) => {
        const message = "EROFS reads files whose contents are objects since Linux 5.15";
        for (const options of ["", ",tryverity", `,userverity,digest=${IMAGE_DIGEST}`]) {
          await refused(bench, options, message);
        }
        await refused(bench, ",verity", NO_OVERLAY_VERITY);
        nothingIsLeft();
      },
      "owners cannot be mapped": async (bench) => {
        using namespace = await UserNamespace.create();
        await refused(bench, `,idmap=${namespace.path}`, "which Linux has since 5.12");
        nothingIsLeft();
      },
      "objects have fs-verity, and the image once it is enabled": async ({ guest, example }) => {
        const { image, foo } = example;
        assertEquals(guest.measure(foo), FOO_DIGEST);
        await succeed(guest.ours, "fsverity", ["enable", image]);
        const measured = await succeed(guest.ours, "fsverity", ["measure", image]);
        assertEquals(measured, `sha256:${IMAGE_DIGEST} ${image}\n`);
        const { status, stderr } = await guest.ours("fsverity", [
          "dump_metadata",
          "descriptor",
          image,
        ]);
        assertEquals(status, 1);
        assertStringIncludes(stderr, "since Linux 5.12");
      },
      "verify, cat and extract need no mount": async ({ guest, example }) => {
        const { image, objects } = example;
        const store = `--basedir=${objects}`;
        await succeed(guest.ours, "composefs", ["verify", image, store]);
        assertEquals(
          await succeed(guest.ours, "composefs", ["cat", image, "/foo.txt", store]),
          FOO,
        );
        await succeed(guest.ours, "composefs", ["extract", image, `${image}.d`, store]);
        assertEquals(read(`${image}.d`, "foo.txt"), FOO);
      },
    }),
    ...casesOf(DEBIANS, disk, {
      "a mount shows files that cannot be read": (bench) =>
        mounted(bench, "", ({ mountPoint }) => {
          assertEquals(read(mountPoint, "testfile"), SHORT);
          const code = errorCode(() => statSync(join(mountPoint, "foo.txt")));
          // Two names of one number.
          assert(code === "ENOTSUP" || code === "EOPNOTSUPP", code);
        }),
    }),
    doctorCase(disk, {
      verdict: [false, false, ["chunks", "composefs"]],
      yes: ["erofs", "loop", "overlay", "placeVerity", "memfd"],
      no: ["chunks", "erofsFile", "dataLayers", "overlayVerity", "composefs"],
    }),
  ];
}

const PLAIN = "a plain mount shows the tree";

const LOOP_CHECKS: Checks = {
  "what else is in a store shows, as it is an ordinary layer": async (bench) => {
    writeFileSync(join(bench.example.objects, "README"), BAR);
    await mounted(bench, "", ({ mountPoint }) => {
      assertEquals(readdirSync(mountPoint).sort(), ["README", "foo.txt", "subdir", "testfile"]);
    });
  },
  [PLAIN]: CHECKS[PLAIN],
  "EROFS is on a loop device, which goes with the mount": async (bench) => {
    await mounted(bench, "", ({ mountPoint, image, objects }) => {
      assertEquals(backingFiles(), [image]);
      assertStringIncludes(mountOptions(mountPoint), `:${objects},redirect_dir=on,metacopy=on`);
    });
    nothingIsLeft();
  },
  "tryverity mounts without verity": async (bench) => {
    replace(bench.example.foo, CHANGED);
    await mounted(bench, ",tryverity", ({ mountPoint }) => {
      assertEquals(read(mountPoint, "foo.txt"), CHANGED);
    });
  },
  "a wrong digest is refused, and an image without fs-verity": async (bench) => {
    await refused(bench, `,digest=${IMAGE_DIGEST}`, NO_VERITY);
    enable(bench.guest, bench.example.image);
    await refused(bench, `,digest=${"a".repeat(64)}`, WRONG_VERITY);
    nothingIsLeft();
  },
  "with upper directories it can be written": async (bench) => {
    const [upper, work] = ["up", "wk"].map((name) => `${bench.example.mountPoint}-${name}`);
    for (const path of [upper, work]) mkdirSync(path ?? "");
    await mounted(bench, `,upperdir=${upper},workdir=${work}`, ({ mountPoint }) => {
      writeFileSync(join(mountPoint, "foo.txt"), "more\n", { flag: "a" });
      assertEquals(read(mountPoint, "foo.txt"), `${FOO}more\n`);
    });
  },
  "owners are mapped through a user namespace": async (bench) => {
    using namespace = await UserNamespace.create();
    await mounted(bench, `,idmap=${namespace.path}`, ({ mountPoint }) => {
      assertEquals(read(mountPoint, "foo.txt"), FOO);
      assertEquals(statSync(join(mountPoint, "foo.txt")).uid, MAPPED_ROOT);
    });
  },
};

const OUR_LOOP_CHECKS: Checks = {
  "verity is refused": async (bench) => {
    await refused(bench, ",verity", NO_OVERLAY_VERITY);
    enable(bench.guest, bench.example.image);
    await refused(bench, `,digest=${IMAGE_DIGEST}`, "with digest=, userverity mounts without");
    nothingIsLeft();
  },
  "userverity mounts what it has checked": async (bench) => {
    await mounted(bench, `,userverity,digest=${IMAGE_DIGEST}`, ({ mountPoint }) => {
      assertEquals(read(mountPoint, "foo.txt"), FOO);
    });
    await refused(bench, `,userverity,digest=${"a".repeat(64)}`, WRONG_VERITY);
    nothingIsLeft();
  },
  "an image in memory is mounted": async (bench) => {
    const image = "/dev/shm/image.cfs";
    copyFileSync(bench.example.image, image);
    await mounted({ ...bench, example: { ...bench.example, image } }, "", ({ mountPoint }) => {
      assertEquals(read(mountPoint, "foo.txt"), FOO);
    });
  },
  "stores of any name, the first that has an object": async (bench) => {
    const { objects, image, mountPoint } = bench.example;
    const first = `${mountPoint} a,b:c\\d`;
    const directory = join(first, FOO_DIGEST.slice(0, 2));
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(directory, FOO_DIGEST.slice(2)), CHANGED);
    const stores = [`--basedir=${first}`, `--basedir=${objects}`];
    await succeed(bench.program, "composefs", ["mount", ...stores, image, mountPoint]);
    assertEquals(read(mountPoint, "foo.txt"), CHANGED);
    assertEquals(read(mountPoint, "subdir/bar.txt"), BAR);
    bench.guest.unmount(mountPoint);
  },
};

const BUN_LOOP_CHECKS: Checks = {
  "verity is refused": (bench) => refused(bench, ",verity", NO_OVERLAY_VERITY),
};

/** Files that loop devices read from. */
function backingFiles(): string[] {
  return readdirSync("/sys/block")
    .map((device) => `/sys/block/${device}/loop/backing_file`)
    .filter((path) => existsSync(path))
    .map((path) => readFileSync(path, "utf8").trim());
}

/** Fails unless all that was mounted is gone. */
function nothingIsLeft(): void {
  assertEquals(backingFiles(), []);
  assertEquals(readdirSync("/tmp").filter((name) => name.startsWith(".composefs.")), []);
}

interface Diagnosis {
  /** Whether mounts work, whether with fs-verity, and what stands in the way. */
  readonly verdict: readonly [boolean, boolean, readonly string[]];
  readonly yes: readonly string[];
  readonly no: readonly string[];
}

function doctorCase(disk: Disk, expected: Diagnosis): VmCase {
  return {
    name: "doctor tells what this kernel can do",
    async run(guest) {
      const directory = guest.directory(disk);
      const { status, stdout } = await guest.ours("composefs", ["doctor", "--json", directory]);
      const { verdict, findings } = JSON.parse(stdout);
      assertEquals([verdict.works, verdict.verity, verdict.missing], expected.verdict);
      assertEquals(status, verdict.works ? 0 : 1);
      const answered = (answer: string, among: readonly string[]) =>
        findings.filter((finding: { answer: string; question: string }) =>
          finding.answer === answer && among.includes(finding.question)
        ).map(({ question }: { question: string }) => question);
      assertEquals(answered("yes", expected.yes), expected.yes);
      assertEquals(answered("no", expected.no), expected.no);
      nothingIsLeft();
    },
  };
}
