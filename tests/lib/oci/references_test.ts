import { assertEquals, assertThrows } from "@std/assert";
import { latin1, utf8 } from "../../../lib/bytes/text.ts";
import { normalizeReference } from "../../../lib/oci/docker_reference.ts";
import { OciError } from "../../../lib/oci/oci_error.ts";
import {
  type ImageReference,
  splitDockerArchiveReference,
  splitLayoutReference,
} from "../../../lib/oci/references.ts";

const DIGEST = `sha256:${"0a".repeat(32)}`;

function shown({ path, ...image }: ImageReference) {
  return { path: latin1(path), ...image };
}

function layout(text: string) {
  return shown(splitLayoutReference(utf8(text)));
}

function archive(text: string) {
  return shown(splitDockerArchiveReference(utf8(text)));
}

Deno.test("references: the path of a layout ends at the first colon", () => {
  assertEquals(layout("dir"), { path: "dir" });
  assertEquals(layout("dir:"), { path: "dir" });
  assertEquals(layout("/a/b:v1"), { path: "/a/b", tag: "v1" });
  assertEquals(layout("a:b:c"), { path: "a", tag: "b:c" });
  assertEquals(layout("a:example.com/b/c:1_2-x"), { path: "a", tag: "example.com/b/c:1_2-x" });
  assertEquals(layout("a@b"), { path: "a@b" });
  assertEquals(layout("a:@0"), { path: "a", position: 0 });
  assertEquals(layout("a:@12"), { path: "a", position: 12 });
  assertEquals(layout(`a@${DIGEST}`), { path: "a", digest: DIGEST });
  assertEquals(layout(`a@b@${DIGEST}`), { path: "a@b", digest: DIGEST });
  assertEquals(layout(`a:b@${DIGEST}`), { path: "a", tag: `b@${DIGEST}` });
  assertEquals(layout(`a\n@sha512:${"f".repeat(128)}`).path, "a\n");
});

Deno.test("references: paths are bytes", () => {
  const reference = Uint8Array.of(0xff, 0x0a, 0x3a, 0x74);
  const { path, tag } = splitLayoutReference(reference);
  assertEquals(path, Uint8Array.of(0xff, 0x0a));
  assertEquals(tag, "t");
});

Deno.test("references: what is no tag, digest or path is refused", () => {
  const cases: [string, string][] = [
    ["", "expected a path"],
    [":v1", "expected a path"],
    [`@${DIGEST}`, "expected a path"],
    ["a:-x", '"-x" is no tag'],
    ["a:b c", '"b c" is no tag'],
    ["a:\u00e9", "is no tag"],
    ["a:@", '"@" is no tag'],
    ["a:@1x", '"@1x" is no tag'],
    ["a@sha256:0", "expected 64 hexadecimal digits behind sha256:"],
    [`a@${DIGEST.toUpperCase().replace("SHA", "sha")}`, "expected 64 hexadecimal digits"],
  ];
  for (const [text, message] of cases) assertThrows(() => layout(text), OciError, message);
});

Deno.test("references: images of a docker-archive are named in full", () => {
  assertEquals(archive("a.tar"), { path: "a.tar" });
  assertEquals(archive("a.tar:app"), { path: "a.tar", tag: "docker.io/library/app:latest" });
  assertEquals(archive("a.tar:example.com:5000/x/y:1"), {
    path: "a.tar",
    tag: "example.com:5000/x/y:1",
  });
  assertEquals(archive("a.tar:@1"), { path: "a.tar", position: 1 });
  for (const text of ["a.tar:", "a.tar:App", "a.tar:app@" + DIGEST, "a.tar:a b", "a.tar:x:-"]) {
    assertThrows(() => archive(text), OciError, "is no name of an image");
  }
  assertThrows(() => archive(":app"), OciError, "expected a path");
});

Deno.test("references: names of images get what goes without saying", () => {
  const cases: [string, string | undefined][] = [
    ["debian:12", "docker.io/library/debian:12"],
    ["docker.io/debian", "docker.io/library/debian:latest"],
    ["index.docker.io/a/b", "docker.io/a/b:latest"],
    ["a/b", "docker.io/a/b:latest"],
    ["localhost/b", "localhost/b:latest"],
    ["localhost:1/b:c", "localhost:1/b:c"],
    ["Upper/b", "Upper/b:latest"],
    ["[::1]:5000/a", "[::1]:5000/a:latest"],
    ["a__b/c--d.e", "docker.io/a__b/c--d.e:latest"],
    ["a___b", undefined],
    ["a..b", undefined],
    ["/a", undefined],
    ["a/", undefined],
    ["a//b", undefined],
    ["a:", undefined],
    ["a:" + "t".repeat(129), undefined],
    ["a".repeat(300), undefined],
    ["", undefined],
  ];
  for (const [text, name] of cases) assertEquals(normalizeReference(text), name, text);
  // Takes no longer than text of its length should.
  assertEquals(normalizeReference("a-".repeat(100_000)), undefined);
});
