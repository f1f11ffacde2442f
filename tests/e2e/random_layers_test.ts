/**
 * Layers of random files, of all sizes at which they are read in other ways: one image of them, however many threads
 * read them, which is that of the directory that GNU tar makes of them.
 */

import { assert, assertEquals } from "@std/assert";
import { mkdirSync, writeFileSync } from "node:fs";
import process from "node:process";
import { concatBytes } from "../../lib/bytes/text.ts";
import { createRandom, type Random } from "../../scripts/random.ts";
import { seeds } from "../../scripts/test/effort.ts";
import { END, header, octal, padded } from "../kit/tar_archive.ts";
import { layoutOf, place } from "./container_layouts.ts";
import { testEach } from "./each_program.ts";
import { output, textOutput } from "./process.ts";

const MIB = 2 ** 20;
/** Around where files are kept in the image, and where they come in pieces. */
const SIZES = [0, 1, 64, 65, 4096, 70_000, MIB - 1, MIB, MIB + 1, 2 * MIB, 2 * MIB + 1];
const SMALL = [0, 30, 64, 65, 300, 1000, 2000];

/** Those whom GNU tar gives its files to, whoever it is run by. */
const OWNER = {
  uid: octal(process.getuid!(), 8),
  gid: octal(process.getgid!(), 8),
};

/** A layer whose files may be in those before it, too. */
function makeLayer(random: Random): Uint8Array<ArrayBuffer> {
  const directory = (name: string) => header({ name, type: "5", mode: "0000755\0", ...OWNER });
  const count = random.pick([0, 1, 10, 10, 200]);
  const files = (name: string) =>
    Array.from({ length: count >> 1 }, () => {
      const contents = new Uint8Array(random.pick(count > 10 ? SMALL : SIZES));
      // What is all zeros is not written.
      if (random.chance(70)) {
        contents.fill(random.int(1, 255)).set(random.bytes(contents.length % 50));
      }
      const fields = { name: `${name}${random.int(0, 300)}`, size: contents.length, ...OWNER };
      return concatBytes(header(fields), padded(contents));
    });
  // Files behind their directory, whose time GNU tar sets when it comes to what is not in it.
  const parts = ["a/", "b/"].map((name) => concatBytes(directory(name), ...files(name)));
  return concatBytes(directory("./"), ...parts, END);
}

for (const seed of seeds(1, 2)) {
  testEach(
    `random layers: one image of them, by any number of threads, that of the files (seed ${seed})`,
    { tools: ["tar"], once: true, long: true },
    ({ composefs, path }) => {
      const random = createRandom(seed);
      const layers = Array.from({ length: random.int(1, 12) }, () => makeLayer(random));
      mkdirSync(path("tree"));
      for (const layer of layers) {
        writeFileSync(path("layer"), layer);
        output(["tar"], ["-C", path("tree"), "-xpf", path("layer")]);
      }
      const create = ["create", "--quiet", "--print-digest"];
      const digest = textOutput(composefs, [...create, path("tree"), path("image")]);
      const suffix = random.pick(["", "+gzip", "+zstd"] as const);
      const reference = place(layoutOf(layers, suffix), path("layout"));
      for (const threads of [1, 2, 4]) {
        const store = `--store=${path(`store${threads}`)}`;
        const args = [...create, `--threads=${threads}`, store, reference, path("image")];
        assertEquals(textOutput(composefs, args), digest, `${threads} threads`);
        const verified = textOutput(composefs, ["verify", store, path("image")]);
        assert(verified.startsWith("Nothing is wrong"), verified);
      }
    },
  );
}
