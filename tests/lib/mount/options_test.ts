import { MountOptionError } from "../../../lib/mount/option_error.ts";
import { assertEquals, assertThrows } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import { completeMountOptions, parseMountOptions } from "../../../lib/mount/options.ts";

const DIGEST = "0a".repeat(32);

function parse(...strings: string[]) {
  return parseMountOptions(strings.map(utf8));
}

function complete(...strings: string[]) {
  return completeMountOptions(parse(...strings));
}

function flags(text: string): string[] {
  return [...complete(`basedir=o,${text}`).flags].sort();
}

function refused(text: string, message: string): void {
  assertThrows(() => complete(text), MountOptionError, message);
}

Deno.test("basedir is split at colons, and the last one given counts", () => {
  assertEquals(parse("basedir=a:b/c").basedirs, [utf8("a"), utf8("b/c")]);
  assertEquals(parse("basedir=a,basedir=b").basedirs, [utf8("b")]);
  assertEquals(parse("basedir=a", "ro,basedir=b").basedirs, [utf8("b")]);
});

Deno.test("a backslash makes the next byte an ordinary one", () => {
  assertEquals(parse("basedir=a\\,b").basedirs, [utf8("a,b")]);
  assertEquals(parse("basedir=a\\\\,ro").basedirs, [utf8("a\\")]);
  assertEquals(parse("basedir=ob\\jects").basedirs, [utf8("objects")]);
  assertEquals(parse("basedir=objects\\").basedirs, [utf8("objects")]);
  assertEquals(parse("basedir=a\\,").basedirs, [utf8("a,")]);
  // Keys are not unescaped, as in the C program.
  assertThrows(() => parse("ver\\ity"), MountOptionError, "Unsupported option ver\\ity");
});

Deno.test("values are bytes, and only the first equals sign separates", () => {
  const upperdir = Uint8Array.of(0x75, 0x3d, 0xff);
  const option = new Uint8Array([...utf8("upperdir="), ...upperdir]);
  assertEquals(parseMountOptions([option]).upperdir, upperdir);
});

Deno.test("mistakes are told in the C program's words", () => {
  refused("verity", "No object dirs specified");
  refused("", "No object dirs specified");
  refused("basedir", "No value specified for basedir option");
  refused("basedir=o,digest", "No value specified for digest option");
  refused("basedir=", "Value for basedir option has incorrect format");
  refused("basedir=:a", "Value for basedir option has incorrect format");
  refused("basedir=a::b", "Value for basedir option has incorrect format");
  refused("basedir=a:", "Value for basedir option has incorrect format");
  refused("basedir=o,upperdir=u", "Both workdir and upperdir must be specified if used");
  refused("basedir=o,workdir=w", "Both workdir and upperdir must be specified if used");
  refused("basedir=o,upperdir=,workdir=", "Both workdir and upperdir must be specified if used");
  refused("basedir=o,noverity", "Unsupported option noverity");
  refused("basedir=o,Verity", "Unsupported option Verity");
  refused("basedir=o,remount=1", "Option remount takes no value");
  refused("basedir=o,source", "No value specified for source option");
  refused("basedir=o,source=", "No value specified for source option");
  refused(
    `basedir=o,source=${"s".repeat(256)}`,
    "Value for source option is too long: 256 bytes, expected at most 255",
  );
  refused("basedir=o,=", "Unsupported option =");
  refused("basedir=o,__proto__", "Unsupported option __proto__");
  refused("basedir=o,constructor=1", "Unsupported option constructor=1");
});

Deno.test("what the C program takes to no effect is refused", () => {
  refused("basedir=o,digest=", "expected 64 or 128 hexadecimal digits, found none");
  refused("basedir=o,digest=00", "expected 64 or 128 hexadecimal digits, found 2 characters");
  refused(`basedir=o,digest=${DIGEST}00`, "found 66 characters");
  refused(`basedir=o,digest=sha256:${DIGEST}`, "found 71 characters");
  refused(`basedir=o,digest=${"zz".repeat(32)}`, "expected 64 or 128 hexadecimal digits");
  refused("basedir=o,verity=no", "Option verity takes no value");
  refused("basedir=o,ro=1", "Option ro takes no value");
  refused("basedir=o,userverity", "Option userverity needs a digest");
});

Deno.test("empty options are passed over, unknown ones if asked for", () => {
  assertEquals(parse(",,basedir=o,").basedirs, [utf8("o")]);
  const strings = [utf8("nonsense,basedir=o,more=1")];
  assertEquals(parseMountOptions(strings, { sloppy: true }).basedirs, [utf8("o")]);
});

Deno.test("a digest implies verity, with userverity as far as it goes", () => {
  const policy = (text: string) => complete(`basedir=o,${text}`).objectVerity;
  assertEquals(policy("ro"), "off");
  assertEquals(policy("tryverity"), "try");
  assertEquals(policy("verity"), "require");
  assertEquals(policy("verity,tryverity"), "require");
  assertEquals(policy(`digest=${DIGEST}`), "require");
  assertEquals(policy(`digest=${DIGEST},tryverity`), "require");
  assertEquals(policy(`digest=${DIGEST},userverity`), "try");
  assertEquals(policy(`digest=${DIGEST},userverity,verity`), "require");
  assertEquals(complete(`basedir=o,digest=${DIGEST.toUpperCase()}`).digest?.toHex(), DIGEST);
});

Deno.test("words of all file systems set and clear, the last one counts", () => {
  assertEquals(flags("ro,rw"), []);
  assertEquals(flags("rw,ro"), ["ro"]);
  assertEquals(flags("nosuid,nodev,noexec,suid"), ["nodev", "noexec"]);
  assertEquals(flags("noatime,relatime"), []);
  assertEquals(flags("noatime,strictatime"), ["strictatime"]);
  assertEquals(flags("user,exec"), ["nodev", "nosuid"]);
  assertEquals(flags("sync,dirsync,lazytime,async"), ["dirsync", "lazytime"]);
  assertEquals(flags("defaults,_netdev,nofail,auto,x-systemd.automount,x-a.b=c,comment=d"), []);
});

Deno.test("source and remount are taken as mount(8) hands them on", () => {
  const { source, remount, flags } = parseMountOptions([utf8("source=a\\,b,remount,ro,basedir=o")]);
  assertEquals([new TextDecoder().decode(source), remount, [...flags!]], ["a,b", true, ["ro"]]);
  assertEquals("source" in parseMountOptions([utf8("basedir=o")]), false);
});
