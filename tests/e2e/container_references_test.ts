/**
 * Every kind of reference read by every command that reads images, and images chosen out of several: by a tag, by a
 * name, by a platform.
 */

import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { MemoryLayout } from "../kit/oci_layout.ts";
import { END, file } from "../kit/tar_archive.ts";
import { concatBytes } from "../../lib/bytes/text.ts";
import {
  addImage,
  archiveOf,
  dockerArchive,
  layoutOf,
  makeTree,
  place,
  tarOf,
} from "./container_layouts.ts";
import { type Subject, testEach } from "./each_program.ts";
import { inNamespace, NEEDS, succeed } from "./mount_namespace.ts";
import { output, run, textOutput } from "./process.ts";
import { assertSameBytes, read } from "./same_bytes.ts";

/** One tree under every kind of reference. */
interface AllKinds {
  /** Those whose contents are at hand. */
  readonly whole: readonly string[];
  /** Those that name objects of a store. */
  readonly named: readonly string[];
  /** The option that names the store. */
  readonly store: string;
  readonly tree: string;
  readonly image: string;
  /** Where temporary files go. */
  readonly env: Readonly<Record<string, string>>;
}

function makeAll({ composefs, path }: Subject): AllKinds {
  const [tree, image] = [path("tree"), path("image")];
  mkdirSync(tree);
  mkdirSync(path("tmp"));
  makeTree(tree);
  const tar = tarOf(tree);
  const layout = layoutOf([tar], "+gzip");
  writeFileSync(path("layer.tar"), tar);
  writeFileSync(path("oci.tar"), archiveOf(layout.files));
  writeFileSync(path("docker.tar"), dockerArchive({ "example.com/app:v1": tar }));
  const store = `--store=${path("store")}`;
  output(composefs, ["create", "--quiet", store, `tar:${path("layer.tar")}`, image]);
  writeFileSync(path("dump"), output(composefs, ["dump", image]));
  return {
    whole: [
      place(layout, path("layout")),
      `oci-archive:${path("oci.tar")}:v1`,
      `docker-archive:${path("docker.tar")}:example.com/app:v1`,
      `tar:${path("layer.tar")}`,
      `dir:${tree}`,
    ],
    named: [`image:${image}`, `dump:${path("dump")}`],
    store,
    tree,
    image,
    env: { TMPDIR: path("tmp") },
  };
}

testEach("references: each kind is the same tree", {}, (subject) => {
  const { composefs } = subject;
  const { whole, named, image } = makeAll(subject);
  const all = [...whole, ...named];
  for (const command of ["digest", "ls"]) {
    const expected = textOutput(composefs, [command, image]);
    assertEquals(textOutput(composefs, [command, ...all]), expected.repeat(all.length), command);
  }
});

testEach("references: each command reads each kind", { once: true }, (subject) => {
  const { composefs, path } = subject;
  const { whole, named, store, tree, image, env } = makeAll(subject);
  const all = [...whole, ...named];
  assertEquals(
    textOutput(composefs, ["dump", ...all]),
    textOutput(composefs, ["dump", image]).repeat(all.length),
  );
  // Each object once, whichever images refer to it.
  const objects = textOutput(composefs, ["objects", image]);
  assertEquals(textOutput(composefs, ["objects", ...all]), objects);
  for (const [references, options] of [[whole, []], [named, [store]]] as const) {
    const verified = textOutput(composefs, ["verify", ...options, ...references], { env });
    const expected = references.map((word) =>
      `"${word}": Nothing is wrong: 3 files, 2 objects of 3005000 bytes\n`
    );
    assertEquals(verified, expected.join(""));
    for (const word of references) {
      const files = ["/usr/large", "/usr/bin/link"];
      assertEquals(
        textOutput(composefs, ["stat", word, ...files]),
        textOutput(composefs, ["stat", image, ...files]),
      );
      const contents = concatBytes(read(`${tree}/usr/large`), read(`${tree}/usr/small`));
      const cat = ["cat", ...options, word, "/usr/large", "/usr/small"];
      assertSameBytes(output(composefs, cat, { env }), contents, word);
      output(composefs, ["extract", ...options, word, outOf(path, word)], { env });
      assertEquals(readdirSync(path("tmp")), []);
    }
  }
  const digests = textOutput(composefs, ["digest", ...all.map((word) => outOf(path, word))]);
  assertEquals(digests, textOutput(composefs, ["digest", image]).repeat(all.length));
});

/** Where a reference is extracted to. */
function outOf(path: Subject["path"], reference: string): string {
  return path(`out-${reference.split(":")[0]}`);
}

/** Arguments: references as words of one, the command. */
const MOUNT_EACH = `references=$1; shift
  for reference in $references; do
    "$@" "$reference" m
    sha256sum m/usr/large m/usr/bin/link
    umount m
  done`;

testEach("references: each kind is mounted over a store", { ...NEEDS, once: true }, (subject) => {
  const { composefs, directory, path } = subject;
  const { whole, named, store } = makeAll(subject);
  mkdirSync(path("m"));
  // By paths from here, in which there are no blanks.
  const all = [...whole, ...named].map((word) => word.replace(`${directory}/`, ""));
  const args = [all.join(" "), ...composefs, "mount", store];
  const seen = succeed(inNamespace(subject, MOUNT_EACH, args));
  const options = { cwd: path("tree") };
  const sums = textOutput(["sha256sum"], ["usr/large", "usr/bin/link"], options);
  assertEquals(seen.replaceAll(" m/", " "), sums.repeat(all.length));
});

/** Archives of one file each, which says which it is. */
function tarCalled(name: string): Uint8Array {
  return concatBytes(file({ name }, name), END);
}

testEach(
  "references: one image of several is chosen by its tag or name",
  { once: true },
  (subject) => {
    const { composefs, path } = subject;
    const layout = new MemoryLayout();
    const names = ["v1", "v2", "other"];
    for (const name of names) {
      const tar = tarCalled(name);
      layout.list(addImage(layout, [{ suffix: "", bytes: tar }], [tar]), name);
    }
    place(layout, path("layout"));
    writeFileSync(path("oci.tar"), archiveOf(layout.files));
    const images = Object.fromEntries(names.map((name) => [`app:${name}`, tarCalled(name)]));
    writeFileSync(path("docker.tar"), dockerArchive(images));
    const archives = [
      [`oci:${path("layout")}`, ""],
      [`oci-archive:${path("oci.tar")}`, ""],
      [`docker-archive:${path("docker.tar")}`, "docker.io/library/app:"],
      [`docker-archive:${path("docker.tar")}`, "app:"],
    ] as const;
    for (const [archive, prefix] of archives) {
      const words = names.map((name) => `${archive}:${prefix}${name}`);
      assertEquals(
        textOutput(composefs, ["ls", ...words]),
        names.map((name) => `/${name}\n`).join(""),
      );
      const positions = names.map((_, i) => `${archive}:@${i}`);
      const byPosition = textOutput(composefs, ["ls", ...positions]);
      assertEquals(byPosition, names.map((name) => `/${name}\n`).join(""));
    }
    for (const [archive, prefix] of archives) {
      for (const word of [archive, `${archive}:${prefix}v3`, `${archive}:@3`]) {
        const { code, stdout, stderr } = run(composefs, ["ls", word]);
        assertEquals([code, stdout.length], [1, 0], stderr);
        assert(/^composefs: Cannot [^\n]*\n$/.test(stderr), stderr);
        assertStringIncludes(stderr, `"${word}"`);
        if (word.endsWith("@3")) continue;
        const isDocker = archive.startsWith("docker");
        for (const name of names) {
          assertStringIncludes(
            stderr,
            `"${isDocker ? "app:" : ""}${name}"`,
          );
        }
      }
    }
  },
);

testEach(
  "references: of several platforms one is taken, and those there are listed",
  { once: true },
  (subject) => {
    const { composefs, path } = subject;
    const layout = new MemoryLayout();
    const platforms = [["amd64"], ["arm64", "v8"], ["arm", "v7"]] as const;
    const manifests = platforms.map(([architecture, variant]) => {
      const tar = tarCalled(architecture);
      const platform = { os: "linux", architecture, ...(variant === undefined ? {} : { variant }) };
      return { ...addImage(layout, [{ suffix: "", bytes: tar }], [tar]), platform };
    });
    const reference = place(layout.list(layout.index(manifests), "v1"), path("layout"));
    writeFileSync(path("oci.tar"), archiveOf(layout.files));
    for (const word of [reference, `oci-archive:${path("oci.tar")}`]) {
      for (const [name, listing] of [["amd64", "amd64"], ["arm64", "arm64"], ["arm/v7", "arm"]]) {
        const listed = textOutput(composefs, ["ls", `--platform=linux/${name}`, word]);
        assertEquals(listed, `/${listing}\n`);
      }
      // Lower levels run on higher ones, and not the other way round.
      for (const absent of ["linux/riscv64", "linux/arm/v6", "windows/amd64"]) {
        const { code, stdout, stderr } = run(composefs, ["ls", `--platform=${absent}`, word]);
        assertEquals([code, stdout.length], [1, 0]);
        assert(/^composefs: Cannot [^\n]*find an image for [^\n]*\n$/.test(stderr), stderr);
        assertStringIncludes(stderr, 'it has "linux/amd64", "linux/arm64/v8", "linux/arm/v7"');
      }
    }
    for (const wrong of ["linux", "linux/", "/amd64", "linux/amd64/v1/x", "linux amd64", ""]) {
      const { code, stdout, stderr } = run(composefs, ["ls", `--platform=${wrong}`, reference]);
      assertEquals([code, stdout.length], [2, 0]);
      assert(
        /^composefs: Cannot use option "--platform[^\n]*expected OS\/ARCH[^\n]*\n$/.test(stderr),
        stderr,
      );
    }
  },
);

testEach(
  "references: an image that stands alone is for any platform, unless one is named",
  { once: true },
  ({ composefs, path }) => {
    const tar = tarCalled("alone");
    writeFileSync(path("docker.tar"), dockerArchive({ "app:v1": tar }));
    const references = [
      place(layoutOf([tar], ""), path("layout")),
      `docker-archive:${path("docker.tar")}`,
    ];
    for (const word of references) {
      for (const option of [[], ["--platform=linux/amd64"]]) {
        assertEquals(textOutput(composefs, ["ls", ...option, word]), "/alone\n");
      }
      const { code, stderr } = run(composefs, ["ls", "--platform=linux/riscv64", word]);
      assertEquals(code, 1);
      const message =
        /^composefs: Cannot [^\n]*"linux\/riscv64" in [^\n]*: it has "linux\/amd64"\n$/;
      assert(message.test(stderr), stderr);
    }
  },
);
