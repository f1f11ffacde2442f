import { assert, assertEquals, assertThrows } from "@std/assert";
import { createTerminal, PLAIN_MANNER } from "../../cli/terminal.ts";
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

Deno.test("progress() draws nothing in a pipe, nor where a line cannot be drawn again", () => {
  for (const options of [{ terminals: [1] }, { terminals: [2], dumb: true }] as const) {
    const port = fakePort(options);
    const progress = createTerminal(port).progress("Digesting", "files", 10);
    port.time = 1000;
    progress.update(5);
    progress.finish();
    assertEquals(port.writes, []);
  }
});

Deno.test("progress() draws nothing if it is not wanted", () => {
  for (const unwanted of [{ quiet: true }, { progress: "none" }] as const) {
    const port = fakePort({ terminals: [2] });
    const terminal = createTerminal(port);
    terminal.manner = { ...PLAIN_MANNER, ...unwanted };
    const progress = terminal.progress("Digesting", "files", 10);
    port.time = 1000;
    progress.update(5);
    progress.finish();
    assertEquals(port.writes, []);
  }
});

Deno.test("progress() draws at most ten times a second and clears its line", () => {
  const port = fakePort({ terminals: [2] });
  const progress = createTerminal(port).progress("Digesting", "files", 3000);
  for (port.time = 0; port.time < 1000; port.time++) progress.update(port.time);
  assertEquals(port.writes.length, 9);
  assertEquals(port.writes[0]!.text, "\rDigesting: 100 of 3000 files (3%)");
  progress.finish();
  assertEquals(port.writes.at(-1)!.text, `\r${" ".repeat(34)}\r`);
  progress.finish();
  assertEquals(port.writes.length, 10);
});

Deno.test("progress() overwrites a longer line and shows no share without a total", () => {
  const port = fakePort({ terminals: [2] });
  const terminal = createTerminal(port);
  const long = terminal.progress("Reading", "files");
  const short = terminal.progress("Read", "files");
  port.time = 100;
  long.update(1000);
  port.time = 200;
  short.update(5);
  assertEquals(port.writes.map((write) => write.text), [
    "\rReading: 1000 files",
    "\rRead: 5 files      ",
  ]);
});

Deno.test("progress() counts bytes in MiB, with their rate and the time that is left", () => {
  const MIB = 2 ** 20;
  const port = fakePort({ terminals: [2] });
  const progress = createTerminal(port).progress("Reading", "bytes");
  const shown = (time: number, done: number, total?: number) => {
    port.time = time;
    progress.update(done, total);
    return port.writes.at(-1)!.text.trimEnd();
  };
  assertEquals(shown(500, MIB), "\rReading: 1.0 MiB");
  assertEquals(shown(1000, 1.5 * MIB), "\rReading: 1.5 MiB, 1.5 MiB/s");
  assertEquals(
    shown(2000, 4 * MIB, 256 * MIB),
    "\rReading: 4.0 of 256.0 MiB (1%), 2.0 MiB/s, 2:06 left",
  );
  assertEquals(
    shown(4000, 4 * MIB, 8192 * MIB),
    "\rReading: 4.0 of 8192.0 MiB (0%), 1.0 MiB/s, 2:16:28 left",
  );
});

Deno.test("progress() never goes back", () => {
  const port = fakePort({ terminals: [2] });
  const progress = createTerminal(port).progress("x", "files", 10);
  port.time = 100;
  progress.update(5);
  port.time = 200;
  progress.update(4);
  assertEquals(port.writes.at(-1)!.text, "\rx: 5 of 10 files (50%)");
});

Deno.test("progress() as JSON goes into a pipe too, a line at a time, and ends with all that was done", () => {
  const port = fakePort();
  const terminal = createTerminal(port);
  terminal.manner = { ...PLAIN_MANNER, progress: "json" };
  const progress = terminal.progress("Reading", "bytes");
  progress.update(1);
  port.time = 100;
  progress.update(2);
  progress.update(3, 9);
  progress.update(9, 9);
  progress.finish();
  progress.finish();
  assertEquals(port.text(2).split("\n").filter(Boolean).map((line) => JSON.parse(line)), [
    { progress: { task: "Reading", done: 2, total: null, unit: "bytes" } },
    { progress: { task: "Reading", done: 9, total: 9, unit: "bytes" } },
  ]);
});

Deno.test("progress() as JSON never goes back, also where a task is done again, or there is more than expected", () => {
  const port = fakePort();
  const terminal = createTerminal(port);
  terminal.manner = { ...PLAIN_MANNER, progress: "json" };
  for (const [total, done] of [[10, 10], [5, 7], [undefined, 2]]) {
    const progress = terminal.progress("Reading", "files", total);
    progress.update(done!);
    progress.update(1);
    progress.finish();
  }
  const lines = port.text(2).split("\n").filter(Boolean).map((line) => JSON.parse(line).progress);
  assertEquals(lines.map(({ done, total }) => [done, total]), [[10, 10], [17, 17], [19, null]]);
});

Deno.test("progress() is cut to the width less one, by characters", () => {
  const port = fakePort({ terminals: [2], columns: 6 });
  const progress = createTerminal(port).progress("𝔇𝔦𝔤𝔢𝔰𝔱", "files");
  port.time = 100;
  progress.update(1);
  assertEquals(port.text(2), "\r𝔇𝔦𝔤𝔢𝔰");
});

Deno.test("progress() is removed before a message and before output to the same terminal", () => {
  const port = fakePort({ terminals: [1, 2] });
  const terminal = createTerminal(port);
  const { stderr, stdout } = terminal;
  const line = terminal.progress("x", "files");
  port.time = 100;
  line.update(1);
  stderr.write("oops\n");
  port.time = 200;
  line.update(2);
  stdout.write("answer\n");
  stdout.flush();
  line.finish();
  assertEquals(port.writes.map((write) => write.text), [
    "\rx: 1 files",
    "\r          \r",
    "oops\n",
    "\rx: 2 files",
    "\r          \r",
    "answer\n",
  ]);
});

Deno.test("progress() shows all done of a total of nothing", () => {
  const port = fakePort({ terminals: [2] });
  const progress = createTerminal(port).progress("x", "files", 0);
  port.time = 100;
  progress.update(0);
  assertEquals(port.text(2), "\rx: 0 of 0 files (100%)");
});
