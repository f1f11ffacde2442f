/**
 * Cases about mounted images: what is read through a mount when objects are right, wrong or missing,
 * and which images `digest=` lets through.
 *
 * Each runs with our mount.composefs and with Debian's, so that a case that expects the wrong thing
 * does not pass for a fault of ours.
 *
 * @module
 */

import { assertEquals, assertStringIncludes } from "@std/assert";
import {
  copyFileSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type Disk, errorCode, succeed, type VmCase } from "./case.ts";
import { BAR, FOO, IMAGE_DIGEST, SHORT } from "./example.ts";
import {
  casesOf,
  CHANGED,
  type Checks,
  DEBIANS,
  mounted,
  mountOptions,
  NO_VERITY,
  OURS,
  read,
  refused,
  replace,
  WRONG_VERITY,
} from "./mount_bench.ts";
import { corrupt, enable } from "./object_cases.ts";
import { MAPPED_ROOT, UserNamespace } from "./user_namespace.ts";

/** The cases on one disk. */
export function mountCases(disk: Disk): VmCase[] {
  return [
    ...casesOf(OURS, disk, { ...CHECKS, ...OUR_CHECKS }),
    ...casesOf(DEBIANS, disk, { ...CHECKS, ...PROCESS_CHECKS, ...THEIR_CHECKS }),
  ];
}

/** What holds for every program on a kernel with fs-verity. */
export const CHECKS = {
  "a plain mount shows the tree": (bench) =>
    mounted(bench, "", ({ mountPoint }) => {
      assertEquals(readdirSync(mountPoint).sort(), ["foo.txt", "subdir", "testfile"]);
      assertEquals(read(mountPoint, "foo.txt"), FOO);
      assertEquals(read(mountPoint, "subdir/bar.txt"), BAR);
      assertEquals(read(mountPoint, "testfile"), SHORT);
    }),
  "nothing can be written": (bench) =>
    mounted(bench, "", ({ mountPoint }) => {
      assertEquals(errorCode(() => writeFileSync(join(mountPoint, "new"), "")), "EROFS");
      assertEquals(errorCode(() => writeFileSync(join(mountPoint, "foo.txt"), "")), "EROFS");
    }),
  "verity reads objects that are right": (bench) =>
    mounted(bench, ",verity", ({ mountPoint }) => {
      assertEquals(read(mountPoint, "foo.txt"), FOO);
      assertStringIncludes(mountOptions(mountPoint), "verity=require");
    }),
  "tryverity is verity where the kernel has it": (bench) =>
    mounted(bench, ",tryverity", ({ mountPoint }) => {
      assertEquals(read(mountPoint, "foo.txt"), FOO);
      assertStringIncludes(mountOptions(mountPoint), "verity=require");
    }),
  "without verity a changed object shows": async (bench) => {
    replace(bench.example.foo, CHANGED);
    await mounted(bench, "", ({ mountPoint }) => {
      assertEquals(read(mountPoint, "foo.txt"), CHANGED);
    });
  },
  "with verity a changed object reads EIO, and the others well": async (bench) => {
    replace(bench.example.foo, CHANGED);
    await mounted(bench, ",verity", ({ mountPoint }) => {
      assertEquals(errorCode(() => read(mountPoint, "foo.txt")), "EIO");
      assertEquals(read(mountPoint, "subdir/bar.txt"), BAR);
      assertEquals(read(mountPoint, "testfile"), SHORT);
    });
  },
  "with verity a changed object that has fs-verity reads EIO": async (bench) => {
    replace(bench.example.foo, CHANGED);
    enable(bench.guest, bench.example.foo);
    await mounted(bench, ",verity", ({ mountPoint }) => {
      assertEquals(errorCode(() => read(mountPoint, "foo.txt")), "EIO");
    });
  },
  "with verity a right object reads EIO until it has fs-verity": async (bench) => {
    replace(bench.example.foo, FOO);
    await mounted(bench, ",verity", ({ mountPoint }) => {
      assertEquals(errorCode(() => read(mountPoint, "foo.txt")), "EIO");
    });
    enable(bench.guest, bench.example.foo);
    await mounted(bench, ",verity", ({ mountPoint }) => {
      assertEquals(read(mountPoint, "foo.txt"), FOO);
    });
  },
  "with verity an object that the disk has lost reads EIO": async (bench) => {
    await corrupt(bench.guest, bench.disk, bench.example.foo);
    await mounted(bench, ",verity", ({ mountPoint }) => {
      assertEquals(errorCode(() => read(mountPoint, "foo.txt")), "EIO");
      assertEquals(read(mountPoint, "testfile"), SHORT);
    });
  },
  "a missing object is listed and cannot be opened": async (bench) => {
    rmSync(bench.example.foo);
    await mounted(bench, "", ({ mountPoint }) => {
      assertEquals(statSync(join(mountPoint, "foo.txt")).size, FOO.length);
      assertEquals(errorCode(() => read(mountPoint, "foo.txt")), "ENOENT");
    });
  },
  "the image with fs-verity has the digest that mkcomposefs prints": ({ guest, example }) => {
    enable(guest, example.image);
    assertEquals(guest.measure(example.image), IMAGE_DIGEST);
  },
  "the right digest mounts, in small letters and capitals": async (bench) => {
    enable(bench.guest, bench.example.image);
    for (const digest of [IMAGE_DIGEST, IMAGE_DIGEST.toUpperCase()]) {
      await mounted(bench, `,digest=${digest}`, ({ mountPoint }) => {
        assertEquals(read(mountPoint, "foo.txt"), FOO);
        assertStringIncludes(mountOptions(mountPoint), "verity=require");
      });
    }
  },
  "a wrong digest is refused": async (bench) => {
    enable(bench.guest, bench.example.image);
    await refused(bench, `,digest=${"a".repeat(64)}`, WRONG_VERITY);
  },
  "an image without fs-verity is refused, be it a copy of a right one": async (bench) => {
    await refused(bench, `,digest=${IMAGE_DIGEST}`, NO_VERITY);
    enable(bench.guest, bench.example.image);
    const image = `${bench.example.image}-copy`;
    copyFileSync(bench.example.image, image);
    const example = { ...bench.example, image };
    await refused({ ...bench, example }, `,digest=${IMAGE_DIGEST}`, NO_VERITY);
  },
  "with upper directories it can be written": async (bench) => {
    const [upper, work] = ["up", "wk"].map((name) => `${bench.example.mountPoint}-${name}`);
    for (const path of [upper, work]) mkdirSync(path ?? "");
    await mounted(bench, `,verity,upperdir=${upper},workdir=${work}`, ({ mountPoint }) => {
      writeFileSync(join(mountPoint, "foo.txt"), "more\n", { flag: "a" });
      rmSync(join(mountPoint, "testfile"));
      assertEquals(read(mountPoint, "foo.txt"), `${FOO}more\n`);
      assertEquals(readdirSync(mountPoint).sort(), ["foo.txt", "subdir"]);
    });
    assertEquals(read(upper ?? "", "foo.txt"), `${FOO}more\n`);
  },
  "owners are mapped through a user namespace, and objects verified": async (bench) => {
    using namespace = await UserNamespace.create();
    await mounted(bench, `,verity,idmap=${namespace.path}`, ({ mountPoint }) => {
      assertEquals(read(mountPoint, "foo.txt"), FOO);
      for (const name of ["foo.txt", "testfile", "subdir"]) {
        const { uid, gid } = statSync(join(mountPoint, name));
        assertEquals([uid, gid], [MAPPED_ROOT, MAPPED_ROOT], name);
      }
    });
  },
} satisfies Checks;

/** What takes a process of its own, as ours keeps a tree open that it has scanned. */
export const PROCESS_CHECKS = {
  "of a mounted tree the same image comes again": (bench) =>
    mounted(bench, "", async ({ mountPoint }) => {
      const args = ["--print-digest-only", mountPoint];
      assertEquals(await succeed(bench.program, "mkcomposefs", args), `${IMAGE_DIGEST}\n`);
    }),
} satisfies Checks;

const OUR_CHECKS: Checks = {
  "what is no digest is refused": async (bench) => {
    enable(bench.guest, bench.example.image);
    for (const digest of ["", "abc", `sha256:${IMAGE_DIGEST}`]) {
      await refused(bench, `,digest=${digest}`, "expected 64 or 128 hexadecimal digits");
    }
  },
  "userverity mounts a right image that has no fs-verity": (bench) =>
    mounted(bench, `,userverity,digest=${IMAGE_DIGEST}`, ({ mountPoint }) => {
      assertEquals(read(mountPoint, "foo.txt"), FOO);
      assertStringIncludes(mountOptions(mountPoint), "verity=require");
    }),
  "userverity refuses a wrong image": async (bench) => {
    const { image } = bench.example;
    const contents = readFileSync(image);
    const last = contents.length - 1;
    contents[last] = (contents[last] ?? 0) ^ 1;
    writeFileSync(image, contents);
    await refused(bench, `,userverity,digest=${IMAGE_DIGEST}`, WRONG_VERITY);
  },
  "owners are not mapped through the initial user namespace": (bench) =>
    refused(bench, ",idmap=/proc/self/ns/user", "other than the initial one expected"),
};

const THEIR_CHECKS: Checks = {
  "what is no digest is refused": async (bench) => {
    enable(bench.guest, bench.example.image);
    for (const digest of ["abc", `sha256:${IMAGE_DIGEST}`]) {
      await refused(bench, `,digest=${digest}`, "Invalid argument");
    }
  },
  "an empty digest asks for verity and does not look at the image": (bench) =>
    mounted(bench, ",digest=", ({ mountPoint }) => {
      assertStringIncludes(mountOptions(mountPoint), "verity=require");
    }),
};
