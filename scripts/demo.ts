/**
 * `deno task demo`: the main job from start to end, with every command shown before its output.
 *
 * Works in a temporary directory that it removes. Times are pinned, so whoever has the same user id gets
 * the same image.
 *
 * @module
 */

const program = new URL("../cli/main.ts", import.meta.url).pathname;
const PINNED = new Date(1_700_000_000_000);

const directory = Deno.makeTempDirSync({ prefix: "composefs-demo-" });
try {
  demo();
} finally {
  Deno.removeSync(directory, { recursive: true });
}

function demo(): void {
  say("A directory tree of three files");
  makeTree();
  shell("ls -lR rootfs");

  say("mkcomposefs makes the image and puts what is larger than 64 bytes into the object store");
  composefs("mkcomposefs", "--digest-store=objects", "--print-digest", "rootfs", "rootfs.cfs");
  shell("ls -l rootfs.cfs; find objects -type f");

  say("composefs-info shows what is in the image");
  composefs("composefs-info", "ls", "rootfs.cfs");
  composefs("composefs-info", "objects", "rootfs.cfs");
  composefs("composefs-info", "dump", "rootfs.cfs");

  say("The image's fs-verity digest seals all of it");
  composefs("fsverity", "digest", "rootfs.cfs");

  say("The dump makes the same image again");
  shell(`deno run -A main.ts composefs-info dump rootfs.cfs > rootfs.dump`);
  composefs("mkcomposefs", "--from-file", "rootfs.dump", "again.cfs");
  shell("cmp rootfs.cfs again.cfs && echo identical");
}

function makeTree(): void {
  Deno.mkdirSync(`${directory}/rootfs/subdir`, { recursive: true });
  write("rootfs/foo.txt", "foo.txt" + "_".repeat(60) + "\n");
  write("rootfs/subdir/bar.txt", "bar.txt" + "_".repeat(60) + "\n");
  write("rootfs/testfile", "abcde\n");
  for (const path of ["rootfs/subdir", "rootfs"]) pin(path, 0o755);
}

function write(path: string, text: string): void {
  Deno.writeTextFileSync(`${directory}/${path}`, text);
  pin(path, 0o644);
}

function pin(path: string, mode: number): void {
  Deno.chmodSync(`${directory}/${path}`, mode);
  Deno.utimeSync(`${directory}/${path}`, PINNED, PINNED);
}

function say(text: string): void {
  print(`\n# ${text}\n`);
}

function composefs(...args: readonly string[]): void {
  print(`$ ${args.join(" ")}\n`);
  run(Deno.execPath(), ["run", "-A", program, ...args]);
}

function shell(line: string): void {
  const shown = line.replace("deno run -A main.ts ", "");
  print(`$ ${shown}\n`);
  run("sh", [
    "-c",
    line.replace("deno run -A main.ts", `'${Deno.execPath()}' run -A '${program}'`),
  ]);
}

function run(command: string, args: string[]): void {
  const { success } = new Deno.Command(command, {
    args,
    cwd: directory,
    env: { LC_ALL: "C" },
    stdout: "inherit",
    stderr: "inherit",
  }).outputSync();
  if (!success) throw new Error(`Cannot go on with the demo: ${command} failed`);
}

function print(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(text));
}
