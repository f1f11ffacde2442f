/**
 * What the library must do on every runtime: the same cases on Node, Deno, Bun, in a browser, and in a realm that
 * has next to nothing.
 *
 * Imports nothing but the library, and is written in what Node 20 understands.
 *
 * @module
 */

import {
  createImage,
  createImageFromDump,
  Digest,
  DumpfileSyntaxError,
  fsVerityDigest,
  fsVerityDigestOf,
  FsVerityHasher,
  ImageFormatError,
  IntegrityError,
  lookupPath,
  memoryFile,
  MemoryNode,
  MemoryStore,
  memoryTree,
  objectPath,
  type ObjectStore,
  openContent,
  openImage,
  portableHasher,
  readWhole,
  sequentialChecker,
  storeLayer,
  TreeError,
  verifyImage,
  walk,
  writeDumpfile,
  writeTar,
} from "composefs-ts";

/** How a case has ended: with nothing, or with what went wrong. */
export interface CaseResult {
  readonly name: string;
  readonly failure?: string;
}

/** Runs all cases, one after the other. */
export async function runCases(): Promise<CaseResult[]> {
  const results: CaseResult[] = [];
  for (const [name, run] of Object.entries(CASES)) {
    try {
      await run();
      results.push({ name });
    } catch (error) {
      results.push({ name, failure: `${error}` });
    }
  }
  return results;
}

function assertEquals(actual: unknown, expected: unknown): void {
  const [found, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (found !== wanted) throw new Error(`found ${found}, expected ${wanted}`);
}

function assertThrows(run: () => unknown, type: new (...args: never[]) => Error): void {
  try {
    run();
  } catch (error) {
    if (error instanceof type) return;
    throw error;
  }
  throw new Error(`nothing thrown, expected ${type.name}`);
}

const utf8 = (text: string) => new TextEncoder().encode(text);
const hex = (bytes: Uint8Array) =>
  Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");

const SCRIPT = "#".repeat(5000);

const TREE = memoryTree({
  "bin": { "sh": SCRIPT },
  "etc": { "motd": "Welcome!\n", "größe": new Uint8Array([0, 255]) },
  "lib": new MemoryNode({ target: utf8("usr/lib") }, { uid: 7, mtime: 1234567890 }),
});

/** As mkcomposefs 1.0.8 makes it of a directory of the same files. */
const TREE_DIGEST = "235f00e28f7f1e99e73bbfa64711ec4dbce0de6b790cedbd768efa45e1fde3e9";

const SCRIPT_DIGEST = "b709ce026afaee39e9a7fd6c155381961ba2b85244e42b05104dbbeb204244ab";

const TREE_DUMP = String.raw`/ 4096 40755 4 0 0 0 0.0 - - -
/bin 41 40755 2 0 0 0 0.0 - - -
/bin/sh 5000 100644 1 0 0 0 0.0 b7/09ce026afaee39e9a7fd6c155381961ba2b85244e42b05104dbbeb204244ab - b709ce026afaee39e9a7fd6c155381961ba2b85244e42b05104dbbeb204244ab
/etc 62 40755 2 0 0 0 0.0 - - -
/etc/gr\xc3\xb6\xc3\x9fe 2 100644 1 0 0 0 0.0 - \x00\xff -
/etc/motd 9 100644 1 0 0 0 0.0 - Welcome!\n -
/lib 7 120777 1 7 0 0 1234567890.0 usr/lib - -
`;

function dumpOf(image: Uint8Array): string {
  const decoder = new TextDecoder();
  let text = "";
  for (const chunk of writeDumpfile(openImage(image).tree())) {
    text += decoder.decode(chunk, { stream: true });
  }
  return text;
}

/** A store whose objects have all had a bit turned. */
function damaged(store: MemoryStore): Pick<ObjectStore, "open"> {
  return {
    open(digest) {
      const file = store.open(digest);
      if (file === undefined) return undefined;
      return {
        size: file.size,
        readAt(into, position) {
          const length = file.readAt(into, position);
          if (position === 0 && length > 0) into[0]! ^= 1;
          return length;
        },
        [Symbol.dispose]() {},
      };
    },
  };
}

/** Contents of a file of the tree, as text. */
function contentsOf(image: Uint8Array, path: string, store: Pick<ObjectStore, "open">): string {
  const { node } = openImage(memoryFile(image)).lookup(path);
  if (node.kind !== "regular") throw new Error(`${path} is a ${node.kind} file`);
  const contents = openContent(node, { layers: [storeLayer(store)] });
  try {
    return new TextDecoder().decode(readWhole(contents));
  } finally {
    contents[Symbol.dispose]();
  }
}

const CASES: Readonly<Record<string, () => void | Promise<void>>> = {
  "hashes are the published ones"() {
    // FIPS 180-2, appendices B.1 and C.1.
    assertEquals(
      hex(portableHasher("sha256").hash(utf8("abc"))),
      "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    );
    assertEquals(
      hex(portableHasher("sha512").hash(utf8("abc"))),
      "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a" +
        "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f",
    );
  },

  "digests are the kernel's, by whatever hashes"() {
    const hasher = portableHasher("sha256");
    for (const size of [0, 1, 4096, 4097, 600_000]) {
      const bytes = Uint8Array.from({ length: size }, (_, at) => at % 251);
      assertEquals(fsVerityDigest(bytes).toHex(), fsVerityDigest(bytes, { hasher }).toHex());
    }
    assertEquals(fsVerityDigest(utf8(SCRIPT)).toHex(), SCRIPT_DIGEST);
  },

  async "a stream has the digest of the whole"() {
    const bytes = Uint8Array.from({ length: 300_000 }, (_, at) => at % 249);
    for (const algorithm of ["sha256", "sha512"] as const) {
      const chunks = [bytes.subarray(0, 5), bytes.subarray(5, 100_000), bytes.subarray(100_000)];
      const digest = await fsVerityDigestOf(chunks, { algorithm });
      assertEquals(digest.toString(), fsVerityDigest(bytes, { algorithm }).toString());
    }
  },

  "digests are values"() {
    const digest = fsVerityDigest(utf8(SCRIPT));
    assertEquals(digest.equals(Digest.parse(digest.toString())), true);
    assertEquals(objectPath(digest), `b7/${SCRIPT_DIGEST.slice(2)}`);
    assertEquals(new FsVerityHasher().update(utf8(SCRIPT)).digest().toHex(), SCRIPT_DIGEST);
  },

  "an image of nothing is the C program's"() {
    const image = createImageFromDump([utf8("/ 4096 40755 2 0 0 0 0.0 - - -\n")]);
    assertEquals(
      fsVerityDigest(image).toHex(),
      "8f589e8f57ecb88823736b0d857ddca1e1068a23e264fad164b28f7038eb3682",
    );
    assertEquals(
      fsVerityDigest(image, { algorithm: "sha512" }).toHex(),
      "ae399f4c2c5c1fed2238affa1ca9240f064dac53117d6eb67ee3c81f44d74560" +
        "64a7443925b1d6ab309b694d2ae6808e2afebb96202fc5025f13bb00f3f138e2",
    );
  },

  async "a tree becomes an image, objects and a dump, and that becomes the image"() {
    const store = new MemoryStore();
    const image = await createImage(TREE, { store });
    assertEquals(fsVerityDigest(image).toHex(), TREE_DIGEST);
    assertEquals(store.size, 1);
    assertEquals(dumpOf(image), TREE_DUMP);
    assertEquals(fsVerityDigest(createImageFromDump([utf8(TREE_DUMP)])).toHex(), TREE_DIGEST);
  },

  async "files are found and read, verified"() {
    const store = new MemoryStore();
    const image = await createImage(TREE, { store });
    assertEquals(contentsOf(image, "/bin/sh", store), SCRIPT);
    assertEquals(contentsOf(image, "etc/../etc/motd", store), "Welcome!\n");
    assertThrows(() => contentsOf(image, "/bin/sh", damaged(store)), IntegrityError);
    assertThrows(() => contentsOf(image, "/bin/sh", new MemoryStore()), IntegrityError);
    assertThrows(() => contentsOf(image, "/bin/zsh", store), TreeError);
  },

  async "a file of a tree is found by text and by bytes"() {
    const tree = openImage(await createImage(TREE)).tree();
    for (const path of ["/bin/sh", utf8("bin/../bin/sh")]) {
      assertEquals(lookupPath(tree, path).kind, "regular");
    }
    assertThrows(() => lookupPath(tree, "/lib"), TreeError);
  },

  async "directories are listed without the rest of the image"() {
    const { root } = openImage(await createImage(TREE));
    const names = Array.from(root.entries(), ({ name }) => new TextDecoder().decode(name));
    assertEquals(names, ["bin", "etc", "lib"]);
    const motd = root.find(utf8("etc"))?.find(utf8("größe"));
    assertEquals(motd?.kind, "regular");
    assertEquals(root.find(utf8("var"))?.kind, undefined);
  },

  async "all names are walked to, in their order"() {
    const paths: string[] = [];
    for (const { path } of walk(openImage(await createImage(TREE)).tree())) {
      paths.push(new TextDecoder().decode(path));
    }
    assertEquals(paths, ["/", "/bin", "/bin/sh", "/etc", "/etc/größe", "/etc/motd", "/lib"]);
  },

  async "an image and its objects are verified"() {
    const store = new MemoryStore();
    const image = await createImage(TREE, { store });
    const stores = { sound: store, damaged: damaged(store), empty: new MemoryStore() };
    const found: string[] = [];
    for (const [name, objects] of Object.entries(stores)) {
      const checkObjects = sequentialChecker([storeLayer(objects)]);
      const findings = verifyImage(image, { digest: fsVerityDigest(image), checkObjects });
      for await (const { problem } of findings) found.push(`${name}: ${problem}`);
    }
    assertEquals(found, ["damaged: digest", "empty: missing"]);
  },

  async "a tree is written as a tar archive, its files verified"() {
    const store = new MemoryStore();
    const tree = openImage(await createImage(TREE, { store })).tree();
    const archive = (objects: Pick<ObjectStore, "open">) => {
      const pieces: number[] = [];
      const layers = [storeLayer(objects)];
      for (const piece of writeTar(tree, { open: (file) => openContent(file, { layers }) })) {
        pieces.push(...piece);
      }
      return Uint8Array.from(pieces);
    };
    // As tar lists it: names, type flags, and the contents behind the script's header.
    const bytes = archive(store);
    assertEquals(bytes.length, 20480);
    assertEquals(new TextDecoder().decode(bytes.subarray(1024, 1032)), "./bin/sh");
    assertEquals(new TextDecoder().decode(bytes.subarray(1536, 6536)), SCRIPT);
    assertThrows(() => archive(damaged(store)), IntegrityError);
  },

  async "what is no image, and no dump, is refused"() {
    const image = await createImage(TREE);
    assertThrows(() => openImage(new Uint8Array(4096)), ImageFormatError);
    assertThrows(() => dumpOf(image.subarray(0, 2000)), ImageFormatError);
    assertThrows(() => createImageFromDump([utf8("/ 4096\n")]), DumpfileSyntaxError);
  },
};

/** What the cases are called, in their order. */
export const CASE_NAMES: readonly string[] = Object.keys(CASES);
