import { assertEquals } from "@std/assert";
import { utf8 } from "../../../lib/bytes/text.ts";
import {
  type ObjectChecker,
  type ObjectToCheck,
  rememberingChecker,
} from "../../../lib/objects/check.ts";

function object(path: string, size: number): ObjectToCheck {
  return { kind: "external", path: utf8(path), size };
}

Deno.test("rememberingChecker: each object is checked once, and all who ask are told", async () => {
  const asked: string[] = [];
  const checker: ObjectChecker = async function* (files, onRead) {
    for (const file of files) {
      asked.push(`${new TextDecoder().decode(file.path)} ${file.size}`);
      await Promise.resolve();
      onRead(file.size);
      yield file.size === 2 ? { file, problem: "missing", state: "not found" } : { file };
    }
  };
  const check = rememberingChecker(checker);
  const read: number[] = [];
  const ask = async (...files: ObjectToCheck[]) =>
    (await Array.fromAsync(check(files, (bytes) => void read.push(bytes)))).map((found) => [
      files.indexOf(found.file),
      found.problem,
    ]);
  assertEquals(await ask(object("a", 1), object("b", 2)), [[0, undefined], [1, "missing"]]);
  assertEquals(await ask(object("b", 2), object("a", 3), object("a", 1)), [
    [0, "missing"],
    [2, undefined],
    [1, undefined],
  ]);
  assertEquals(asked, ["a 1", "b 2", "a 3"]);
  assertEquals(read, [1, 2, 3]);
});
