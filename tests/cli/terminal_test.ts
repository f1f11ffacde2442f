import { assert, assertEquals, assertThrows } from "@std/assert";
import { createTerminal } from "../../cli/terminal.ts";
import { brokenPipe, fakePort } from "./terminal_port.ts";

Deno.test("stdout is buffered until it is flushed", () => {
  const port = fakePort();
  const { stdout } = createTerminal(port);
  stdout.write("a");
  stdout.write(Uint8Array.of(0x62));
  assertEquals(port.text(1), "");
  stdout.flush();
  stdout.flush();
  assertEquals(port.writes, [{ descriptor: 1, text: "ab" }]);
});

Deno.test("stdout keeps the order of small and large writes, and copies what it buffers", () => {
  const port = fakePort({ atMost: 1000 });
  const { stdout } = createTerminal(port);
  const small = new Uint8Array(10).fill(0x61);
  stdout.write(small);
  small.fill(0x7a);
  stdout.write(new Uint8Array(100_000).fill(0x62));
  stdout.write("c".repeat(65_530));
  stdout.write("d".repeat(10));
  stdout.flush();
  const expected = "a".repeat(10) + "b".repeat(100_000) + "c".repeat(65_530) + "d".repeat(10);
  assert(port.text(1) === expected);
});

Deno.test("stdout ends quietly after a broken pipe", () => {
  const port = fakePort({ failures: { 1: brokenPipe() } });
  const terminal = createTerminal(port);
  terminal.stdout.write("a");
  assertEquals(terminal.stdoutClosed(), false);
  assertThrows(() => terminal.stdout.flush(), Error, "broken pipe");
  assertEquals(terminal.stdoutClosed(), true);
  terminal.stdout.write("b".repeat(100_000));
  terminal.stdout.flush();
});

Deno.test("stdout passes on other failures and is not closed by them", () => {
  const port = fakePort({ failures: { 1: new Error("no space") } });
  const terminal = createTerminal(port);
  terminal.stdout.write("a");
  assertThrows(() => terminal.stdout.flush(), Error, "no space");
  assertEquals(terminal.stdoutClosed(), false);
});

Deno.test("stderr is written at once, and dropped once nobody reads", () => {
  const port = fakePort();
  const { stderr } = createTerminal(port);
  stderr.write("a");
  assertEquals(port.text(2), "a");
  port.failures[2] = brokenPipe();
  stderr.write("b");
  port.failures[2] = new Error("no space");
  assertThrows(() => stderr.write("c"), Error, "no space");
});

Deno.test("width is that of standard output, 80 if it is no terminal", () => {
  assertEquals(createTerminal(fakePort()).width, 80);
  assertEquals(createTerminal(fakePort({ terminals: [1], columns: 50 })).width, 50);
});

Deno.test("progress() draws nothing in a pipe", () => {
  const port = fakePort({ terminals: [1] });
  const progress = createTerminal(port).progress("Digesting", 10);
  port.time = 1000;
  progress.update(5);
  progress.finish();
  assertEquals(port.writes, []);
});

Deno.test("progress() draws at most ten times a second and clears its line", () => {
  const port = fakePort({ terminals: [2] });
  const progress = createTerminal(port).progress("Digesting", 3000);
  for (port.time = 0; port.time < 1000; port.time++) progress.update(port.time);
  assertEquals(port.writes.length, 9);
  assertEquals(port.writes[0]!.text, "\rDigesting 100 of 3000 (3%)");
  progress.finish();
  assertEquals(port.writes.at(-1)!.text, `\r${" ".repeat(27)}\r`);
  progress.finish();
  assertEquals(port.writes.length, 10);
});

Deno.test("progress() overwrites a longer line and shows no share without a total", () => {
  const port = fakePort({ terminals: [2] });
  const progress = createTerminal(port).progress("Reading");
  port.time = 100;
  progress.update(1000);
  port.time = 200;
  progress.update(5);
  assertEquals(port.writes.map((write) => write.text), ["\rReading 1000", "\rReading 5   "]);
});

Deno.test("progress() is cut to the width less one, by characters", () => {
  const port = fakePort({ terminals: [2], columns: 6 });
  const progress = createTerminal(port).progress("𝔇𝔦𝔤𝔢𝔰𝔱");
  port.time = 100;
  progress.update(1);
  assertEquals(port.text(2), "\r𝔇𝔦𝔤𝔢𝔰");
});

Deno.test("progress() is removed before a message and before output to the same terminal", () => {
  const port = fakePort({ terminals: [1, 2] });
  const { progress, stderr, stdout } = createTerminal(port);
  const line = progress("x");
  port.time = 100;
  line.update(1);
  stderr.write("oops\n");
  port.time = 200;
  line.update(2);
  stdout.write("answer\n");
  stdout.flush();
  line.finish();
  assertEquals(port.writes.map((write) => write.text), [
    "\rx 1",
    "\r   \r",
    "oops\n",
    "\rx 2",
    "\r   \r",
    "answer\n",
  ]);
});

Deno.test("progress() shows all done of a total of nothing", () => {
  const port = fakePort({ terminals: [2] });
  const progress = createTerminal(port).progress("x", 0);
  port.time = 100;
  progress.update(0);
  assertEquals(port.text(2), "\rx 0 of 0 (100%)");
});
