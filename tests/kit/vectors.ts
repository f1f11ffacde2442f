/**
 * Dumps for every rule of the image layout, with the images that mkcomposefs 1.0.8 makes of them.
 *
 * Held down to size, fs-verity digest and the start of the SHA-256; a failing one names the rule.
 *
 * @module
 */

import type { VersionRange } from "../../scripts/oracle.ts";

/** A dump and what is known of its image. */
export interface Vector {
  readonly name: string;
  /** Makes the dump file. */
  readonly dump: () => Uint8Array<ArrayBuffer>;
  /** Format versions; none means the defaults. */
  readonly versions: VersionRange;
  /** Length of the image in bytes. */
  readonly size: number;
  /** fs-verity digest of the image, 64 hex digits. */
  readonly digest: string;
  /** First 16 hex digits of the image's SHA-256. */
  readonly sha256: string;
}

const ROOT = "/ 4096 40755 2 0 0 0 0.0 - - -";

/** The end of a line for a file with nothing special about it. */
const PLAIN = "100644 1 0 0 0 0.0 - - -";

type Build = () => Uint8Array<ArrayBuffer>;

function lines(...all: readonly string[]): Build {
  return () => new TextEncoder().encode(all.map((line) => line + "\n").join(""));
}

function underRoot(...rest: readonly string[]): Build {
  return lines(ROOT, ...rest);
}

function inlineFile(size: number): Build {
  return underRoot(`/a ${size} 100644 1 0 0 0 0.0 - ${"x".repeat(size)} -`);
}

function longSymlink(size: number): Build {
  return underRoot(`/l ${size} 120777 1 0 0 0 0.0 ${"x".repeat(size)} - -`);
}

/** A file without backing file; the size as digits, since 2^53 is one of them. */
function sparseFile(size: string): Build {
  return underRoot(`/a ${size} ${PLAIN}`);
}

function inDirectory(names: readonly string[]): Build {
  return underRoot("/d 0 40755 2 0 0 0 0.0 - - -", ...names.map((name) => `/d/${name} 0 ${PLAIN}`));
}

function wideDirectory(): Build {
  return inDirectory(Array.from({ length: 400 }, (_, i) => `file${String(i).padStart(4, "0")}`));
}

/** Eight long names whose entries end at 2048 bytes if the last name has 238 bytes. */
function directoryOf(lastLength: number): Build {
  return inDirectory(
    Array.from({ length: 8 }, (_, i) => `000${i}`.padEnd(i < 7 ? 241 : lastLength, "n")),
  );
}

/** Two files that share more xattrs than one inode can refer to. */
function manyShared(): Build {
  const xattrs = Array.from({ length: 130 }, (_, i) => `user.k${String(i).padStart(3, "0")}=v`);
  return underRoot(...["/f0", "/f1"].map((path) => `${path} 0 ${PLAIN} ${xattrs.join(" ")}`));
}

/** Built with the default versions unless the name says otherwise. */
const DUMPS: Record<string, Build> = {
  "root-only": underRoot(),
  "root-mtime-uid": lines("/ 0 40700 9 70000 5 0 1700000000.123456789 - - -"),
  "empty-file": underRoot(`/a 0 ${PLAIN}`),
  "inline-1": underRoot("/a 1 100644 1 0 0 0 0.0 - x -"),
  "ext-redirect-digest": underRoot(
    "/a 100 100644 1 0 0 0 0.0 35/d02f81325122d77ec1d11baba655bc9bf8a891ab26119a41c50fa03ddfb408 - 35d02f81325122d77ec1d11baba655bc9bf8a891ab26119a41c50fa03ddfb408",
  ),
  "ext-redirect-nodigest": underRoot("/a 100 100644 1 0 0 0 0.0 foo/bar - -"),
  "ext-digest-nopayload": underRoot(
    "/a 100 100644 1 0 0 0 0.0 - - 35d02f81325122d77ec1d11baba655bc9bf8a891ab26119a41c50fa03ddfb408",
  ),
  "ext-abs-payload": underRoot("/a 100 100644 1 0 0 0 0.0 /foo - -"),
  symlink: underRoot("/l 6 120777 1 0 0 0 0.0 target - -"),
  devices: underRoot(
    "/b 0 60660 1 0 0 1050668 0.0 - - -",
    "/c 0 20666 1 0 0 259 0.0 - - -",
    "/p 0 10644 1 0 0 0 0.0 - - -",
    "/s 0 140755 1 0 0 0 0.0 - - -",
  ),
  "big-size-fifo": underRoot("/p 4294967296 10644 1 0 0 0 0.0 - - -"),
  "whiteout-version-0": underRoot("/d 0 40755 2 0 0 0 0.0 - - -", "/d/w 0 20644 1 0 0 0 0.0 - - -"),
  whiteout: underRoot("/d 0 40755 2 0 0 0 0.0 - - -", "/d/w 0 20644 1 0 0 0 0.0 - - -"),
  hardlink: underRoot("/a 0 @100644 1 0 0 0 0.0 /z - -", "/z 5 100644 2 0 0 0 0.0 - hello -"),
  mtimes: underRoot("/a 0 100644 1 0 0 0 5.7 - - -", "/b 0 100644 1 0 0 0 0.1 - - -"),
  "mtime-older-child": lines(
    "/ 0 40755 2 0 0 0 100.5 - - -",
    "/a 0 100644 1 0 0 0 -5.9 - - -",
    "/b 0 100644 1 0 0 0 100.5 - - -",
  ),
  "uid-nlink-limits": underRoot(
    "/a 0 100644 65535 65535 65535 0 0.0 - - -",
    "/b 0 100644 65536 0 0 0 0.0 - - -",
    "/c 0 100644 1 65536 0 0 0.0 - - -",
    "/d 0 100644 1 0 65536 0 0.0 - - -",
  ),
  "size-4g": underRoot(
    "/a 4294967295 100644 1 0 0 0 0.0 x/y - -",
    "/b 4294967296 100644 1 0 0 0 0.0 x/z - -",
  ),
  "xattr-shared": underRoot(
    `/a 0 ${PLAIN} user.k=v user.u=1`,
    `/b 0 ${PLAIN} user.k=v user.k2=longer`,
    `/c 0 ${PLAIN} user.k2=longer user.k=w trusted.t=`,
  ),
  "xattr-prefixes": underRoot(
    `/a 0 ${PLAIN} foo=1 lustre.lov=2 security.capability=3 system.nfs4_acl=4 system.posix_acl_access=5 system.posix_acl_default=6 trusted.t=7 user.u=8`,
  ),
  "xattr-overlay-escape": underRoot(
    `/a 0 ${PLAIN} trusted.overlay.opaque=y trusted.overlay.overlay.foo=z user.overlay.opaque=q`,
    "/b 10 100644 1 0 0 0 0.0 p - - trusted.overlay.redirect=/evil",
  ),
  "selinux-root": lines(
    "/ 0 40755 2 0 0 0 0.0 - - - security.selinux=sys:obj:t:s0\\x00",
    `/a 0 ${PLAIN} security.selinux=other\\x00`,
  ),
  "name-order": underRoot(
    `/! 0 ${PLAIN}`,
    `/-x 0 ${PLAIN}`,
    `/.-x 0 ${PLAIN}`,
    `/.a 0 ${PLAIN}`,
    `/..a 0 ${PLAIN}`,
    `/0 0 ${PLAIN}`,
    `/zz 0 ${PLAIN}`,
    `/\\xc3\\xa9 0 ${PLAIN}`,
    `/\\x7f 0 ${PLAIN}`,
  ),
  "existing-00": underRoot(
    "/00 0 40755 2 0 0 0 0.0 - - -",
    `/0A 0 ${PLAIN}`,
    "/ff 3 100644 1 0 0 0 0.0 - abc -",
  ),
  "nested-bfs": underRoot(
    "/b 0 40755 2 0 0 0 0.0 - - -",
    "/b/x 0 40755 2 0 0 0 0.0 - - -",
    "/b/x/f 1 100644 1 0 0 0 0.0 - 1 -",
    "/a 0 40755 2 0 0 0 0.0 - - -",
    "/a/y 1 100644 1 0 0 0 0.0 - 2 -",
  ),
  acl: underRoot(`/a 0 ${PLAIN} system.posix_acl_access=\\x02\\x00\\x00\\x00`),
  "inline-2048": inlineFile(2048),
  "inline-2049": inlineFile(2049),
  "inline-4095": inlineFile(4095),
  "inline-4096": inlineFile(4096),
  "inline-4097": inlineFile(4097),
  "inline-5000": inlineFile(5000),
  "symlink-1000": longSymlink(1000),
  "symlink-3000": longSymlink(3000),
  "symlink-4031": longSymlink(4031),
  "symlink-4032": longSymlink(4032),
  "symlink-4063": longSymlink(4063),
  "symlink-4064": longSymlink(4064),
  "symlink-4095": longSymlink(4095),
  "ext-size-1": sparseFile("1"),
  "ext-size-4096": sparseFile("4096"),
  "ext-size-4097": sparseFile("4097"),
  "ext-size-4294967296": sparseFile("4294967296"),
  "ext-size-8796093022208": sparseFile("8796093022208"),
  "ext-size-8796093022209": sparseFile("8796093022209"),
  "ext-size-9000000000000000": sparseFile("9000000000000000"),
  "ext-size-9007199254740992": sparseFile("9007199254740992"),
  "ext-size-2^53-xattr": underRoot("/a 9007199254740992 100644 1 0 0 0 0.0 - - - user.foo="),
  "dir-400": wideDirectory(),
  "dir-tail-2048": directoryOf(238),
  "dir-tail-2049": directoryOf(239),
  "shared-130": manyShared(),
};

/** Name, size, fs-verity digest, SHA-256. */
const IMAGES = `
root-only 16384 8f589e8f57ecb88823736b0d857ddca1e1068a23e264fad164b28f7038eb3682 c3dc5b0fc4afb069
root-mtime-uid 24576 333b78329c6db096cac8b66c0703e1c1769632938d4985962caeef6b2ba65399 9342f48607106da6
empty-file 16384 994b41c31bd141615317b0f8cbe489c1d9955a1f90007ca9fdb0ed80d399b50c 8556b3fbe877b7ec
inline-1 16384 735af5870fae966b2e2183434a7545d08c8013551af915a6883322ce895a58eb f24b3f8add61bb81
ext-redirect-digest 16384 548924626049d208cdce04a179736cc0e7d7dddd80a58fc4b32012be9f61db73 f1064d3c46b042aa
ext-redirect-nodigest 16384 d483bd4e48136fceef0c92ac22d0ae22234e7299c877dda0f7309ddebce08736 8c6cf13bdafdb4ea
ext-digest-nopayload 16384 40ae8338b09379c99a596ae728dabc3f80e4b0a0d541cf9c8cea720b1a3e498a c4d068d588575d21
ext-abs-payload 16384 c07ea3d92dee4c6ffc98984489dc7daa556a525f02805d8415fe873743864114 5f654f4812942029
symlink 16384 12ca27fc6b42cf61e5288ddb8e1a5a0eb595a206259f3e0f784111e4cea2f24c 12e9a43ca3c04a37
devices 16384 32ac261b74ca737ad1e96d1f1c89f581d15c65f1dd9ea364ff85ce6a41e54f05 355190c2a3ba4c46
big-size-fifo 16384 7bd93f0bf08662a680c19a14af198b509fdb486cfb6f9951f6a84feb68df0e8a de0da87082d7deb8
whiteout-version-0 16384 96d3379930a17202edca1d64f7a5453be07add0a1d28675568f1d125ab875ac5 98ea6c0c1825bc60
whiteout 16384 b48278c1d18c734e27769a6660f90910b63cec2d3d8826447bde5193ea1e2144 cc7918bf5d16b2ba
hardlink 16384 f75adb53ef5c26b42a67e8a1c3e91d107f65e13651a7a7d367d878caa7db772e db3d1159f0bccfe2
mtimes 16384 29b86a3844310fc35cf2e3b7e731efc33d19551ea08e263f9ad7380e7ff8d2b2 375000f3497f2ce2
mtime-older-child 24576 f2c5f293f0aadc5c5f9764093dbbe9b254a0796e3ce4de778cc6dd16e3ea3ab3 4cde34ebf15f5f1c
uid-nlink-limits 16384 d3a6bf0ac941d4be1688236f6fa465794cc9cf8caf497f9007e8fad9c4d4bc80 e310a5367926b72b
size-4g 16384 538dfc3d288edf1ef90e58f49f44158095bd241f066522f2faa053ccdefac7f8 276cb91dfda6823f
xattr-shared 16384 9cb51423fe8e8bce302340ae50f245d98836b182a13dedaa348195d23cf10231 8636aed397f28763
xattr-prefixes 16384 6ec98cba514c049696e93ce0f287c3e306e8b0fddd12802425ab6e790af54160 ad4efbc37543a5d1
xattr-overlay-escape 16384 8d5796fce5e62774e3136aca4679596c56c4099a54b409f0b6eef576d2536423 971b60377d221674
selinux-root 24576 ea47dc2e60055880c19994efe53e243f01087379538b11e628e0ca65b6163a2a 8bf58bf4b7fc831f
name-order 16384 afff4f2d5ba2bca16f8781517a408f8edf6feb2639c1a85ee735f7e0dd4d166c 23c95f60efdd5662
existing-00 16384 244fa957d98c9ab562b777743d0233a99366c4fbfc4adc5d54bf2e3373ce10db 847a7420a28a1b34
nested-bfs 16384 9ee151482ee91949e05b3be1948f42d03c485f4d3c167ea1922c9719a05d3565 0829e7820714e63c
acl 16384 c7b23f1a0c6fda32f1bff737c5b9ffd1d0930c69fc18771c8446fb206f943d72 c2699a566754de2e
inline-2048 20480 6e2de36dfbf93d77ee909908eb44f0782e2035fe8eaa7863cc78a5218923fee5 409ca8a2cbaf052f
inline-2049 20480 4b5c7212d83765c5542fc459676dea9bc1aeeac842743f3029ae5a596de20fe0 77073cc976ae568c
inline-4095 20480 ce876a46adc75d5a7d4efdc452ba152cc52804aca1f437cb5d1a50c7bcaba3af a355919e7073dddf
inline-4096 20480 69b416682c2ea0c2c362f018b201e1ef980e92935461853bc7028f9303ca601e 387d229a77581cc9
inline-4097 20480 3991b93f2cf8438f602dab47ef2204816b20a8269aa16ccd7025f85d73401008 d9532d07d5b13058
inline-5000 20480 81ec9025681de2cb1cb40b2e58c6d2ec0d28fd661dc8b1db51517d22592f8ae6 fe9e78e4f35a406c
symlink-1000 16384 ed70d27cfa4725e29fdbc671da9f5bde0c2f1e83d8e0f28698bce68bc60c450d 3b55b6d8266fab26
symlink-3000 20480 579c37f4ce6ebb6cc75618fe27d61561376aeee0f4668608a27d4e14bf28ecaa 455c8b87bad31477
symlink-4031 20480 8514b2e450789cd3dc7410df67b50b15eb3f2ff19c9a0943e5353f67ef3cba64 f1a9a1b7de4964a5
symlink-4032 20480 99ad3313179c1179eedf069f2596c0cef8da013ff35b19172a67ef22e1fbe18a d97f812867e976f5
symlink-4063 20480 8293682fb451a07316d5757b7e6cd409cac525039e60f78846d8841f258e9e62 ffd8c1427951d1f7
symlink-4064 24576 ebbef9f37074d5351250c0952d616ae6bc3fc17e1066885e5f2cc330aa2e7818 190dda91b121ada5
symlink-4095 24576 c26f327f1b59e366f024f240aa4790a9a8217160649da1d324868aa714351cb0 a3300c043fcf2fd4
ext-size-1 16384 320e0ecf26f4ec45ad07416091183858bebffed0c5f3a9d9afec2c61352eaf88 ea855295abfd84fd
ext-size-4096 16384 1bc44cd06122f4ac2a4d24641c30d2563535a66cbfec3603a60bf8dcb8e24d30 6b917ae3662b474c
ext-size-4097 16384 ee15f864421f09c46fbf1c5cb112020d2f683c15b0f6b8247c88d1d120f69e0e 8fd35ce91808ba00
ext-size-4294967296 16384 47cc61cf04b4cc33bd880834a586586654d94748189f0c7d3df32f27bacf14eb 4a49c51d7d2854ee
ext-size-8796093022208 16384 e3b1c4bcd5e0f1a99022d95a5c9f1ba2a3370de47cc983e90c5e7227ae1406eb 8a742a3a65e85685
ext-size-8796093022209 16384 f9470c7afab9226c4926e76d27c815e1bc785ac5605f385c901640768d11ec13 d4c763359ac80d96
ext-size-9000000000000000 20480 8ff4fba1a19c202fcf76c78a6e5215a08cc0cefd7ca699f5a4c13e48cef2203e 4253602403db6dc7
ext-size-9007199254740992 20480 f88183d52d01360eca5283d11470579fa6704ed32c438a747701df24664a0a35 e15b559960d3d127
ext-size-2^53-xattr 20480 565646cd1c59ab2be137a499e6b0fcc99c4ac9766f18d96e60e47caf20540c8d dd29a2362f9ecb38
dir-400 36864 95af3c3c8dc68e52d43553ddf0687fd7827f8bb44b971a81e85e80d953cce9fe 920b254a6c1c3e8b
dir-tail-2048 16384 7fc67b7254996791199302898bbd5e3334ba9aaafea475aeadad2a928a685547 ae26da6f1e3a1599
dir-tail-2049 20480 648863acb1a2fbb27dd05ffc13b9254a237cad743885577364a61db8d59fe5c1 4a30cf3fb88999d9
shared-130 16384 f3ac003b58d9c535679c2339eec4eb2201e9d6d385bffcb84295a0c7ea232dbe 877a760c69a1d0eb
`;

/** All vectors. */
export const VECTORS: readonly Vector[] = IMAGES.trim().split("\n").map((row) => {
  const [name, size, digest, sha256] = row.split(" ") as [string, string, string, string];
  const dump = DUMPS[name];
  if (dump === undefined) throw new Error(`Cannot build vector "${name}": no dump of that name`);
  const versions = name.endsWith("-version-0") ? { minVersion: 0, maxVersion: 0 } : {};
  return { name, dump, versions, size: Number(size), digest, sha256 };
});
