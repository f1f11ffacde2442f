import { assertEquals, assertThrows } from "@std/assert";
import { argvBytes, splitCommandLine } from "../../cli/argv.ts";
import { concatBytes, utf8 } from "../../lib/bytes/text.ts";

const ODD = Uint8Array.of(0x2f, 0x74, 0xff);

function commandLine(...parts: (string | Uint8Array)[]): Uint8Array<ArrayBuffer> {
  const ended = parts.map((part) =>
    concatBytes(typeof part === "string" ? utf8(part) : part, Uint8Array.of(0))
  );
  return concatBytes(...ended);
}

Deno.test("argvBytes() does not read the command line while no argument needs it", () => {
  const never = (): never => {
    throw new Error("read");
  };
  assertEquals(argvBytes(["a", "ü", ""], never), [utf8("a"), utf8("ü"), utf8("")]);
  assertEquals(argvBytes([], never), []);
});

Deno.test("argvBytes() takes the last arguments of the command line", () => {
  const line = commandLine("deno", "run", "-A", "main.ts", ODD, "", "--", "x");
  assertEquals(argvBytes(["/t\ufffd", "", "--", "x"], () => line), [
    ODD,
    utf8(""),
    utf8("--"),
    utf8("x"),
  ]);
});

Deno.test("argvBytes() keeps a replacement character that was really typed", () => {
  const line = commandLine("mkcomposefs", "\ufffd", "\ufeffx");
  assertEquals(argvBytes(["\ufffd", "\ufeffx"], () => line), [utf8("\ufffd"), utf8("\ufeffx")]);
});

Deno.test("argvBytes() refuses a command line that does not end with the arguments", () => {
  const expected = "does not hold them";
  const refused = (line: Uint8Array<ArrayBuffer>) =>
    assertThrows(() => argvBytes(["a", "\ufffd"], () => line), Error, expected);
  refused(commandLine("deno", ODD, "a"));
  refused(commandLine("\ufffd"));
  refused(new Uint8Array(0));
});

Deno.test("splitCommandLine() keeps empty arguments and a last one without its NUL", () => {
  const split = (text: string) =>
    splitCommandLine(utf8(text)).map((b) => new TextDecoder().decode(b));
  assertEquals(split("a\0\0b\0"), ["a", "", "b"]);
  assertEquals(split("a\0b"), ["a", "b"]);
  assertEquals(split(""), []);
});

Deno.test({
  name: "argvBytes() finds the bytes in the /proc/self/cmdline of a child (needs sh)",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    const entry = new URL("../../cli/argv.ts", import.meta.url).href;
    const program = `import { argvBytes } from "${entry}";
      const read = () => new Uint8Array(Deno.readFileSync("/proc/self/cmdline"));
      for (const bytes of argvBytes(Deno.args, read)) console.log(bytes.toHex());`;
    const script = await Deno.makeTempFile({ suffix: ".ts" });
    try {
      await Deno.writeTextFile(script, program);
      // Deno.Command would encode the argument; printf in the shell makes the byte.
      const output = await new Deno.Command("sh", {
        args: ["-c", `exec "$0" run -A "$1" "$(printf 't\\377')" ok`, Deno.execPath(), script],
      }).output();
      assertEquals(new TextDecoder().decode(output.stdout), "74ff\n6f6b\n");
    } finally {
      await Deno.remove(script);
    }
  },
});
