/**
 * What belongs to an installed composefs-ts, and the list of it that is kept beside it.
 *
 * The list is what makes `uninstall` take away exactly what `install` has put there. It is text:
 * a line for each directory that was made, each file with its fs-verity digest, each link with its
 * target. All paths are relative to the prefix.
 *
 * @module
 */

import { utf8 } from "../../../lib/bytes/text.ts";
import { bashCompletion } from "../../args/bash.ts";
import type { Group } from "../../args/command.ts";
import { fishCompletion } from "../../args/fish.ts";
import { manPages, manSection, programsOf } from "../../args/man.ts";
import { zshCompletion } from "../../args/zsh.ts";
import { FORMAT_PAGES } from "../../manual/pages.ts";

/** Where the list is, below the prefix. */
export const MANIFEST = "share/composefs-ts/manifest";

const HEADER = "composefs-ts manifest 1";

/** A part of the installation, at a path below the prefix. */
export type Part =
  | { readonly kind: "executable"; readonly path: string }
  | { readonly kind: "file"; readonly path: string; readonly contents: Uint8Array<ArrayBuffer> }
  | { readonly kind: "link"; readonly path: string; readonly target: string };

/** What is installed below a prefix. */
export interface Manifest {
  /** Directories made for it, each before those in it. */
  readonly directories: readonly string[];
  /** fs-verity digests in hexadecimal, by path. */
  readonly files: ReadonlyMap<string, string>;
  /** Targets, by path. */
  readonly links: ReadonlyMap<string, string>;
}

/** Manual pages and completions as files below the prefix; the same tables give the same bytes. */
export function documentation(composefs: Group): Part[] {
  const text = (path: string, contents: string): Part => ({
    kind: "file",
    path,
    contents: utf8(contents),
  });
  return [
    ...manPages(composefs, FORMAT_PAGES).map(({ file, section, text: contents }) =>
      text(`share/man/man${section}/${file}`, contents)
    ),
    text("share/bash-completion/completions/composefs", bashCompletion(composefs)),
    text("share/zsh/site-functions/_composefs", zshCompletion(composefs)),
    text("share/fish/vendor_completions.d/composefs.fish", fishCompletion(composefs)),
  ];
}

/** Everything: the executable, the names that it goes by, {@linkcode documentation}. */
export function installationParts(composefs: Group): Part[] {
  const links = programsOf(composefs).filter((program) => program !== composefs).flatMap(
    (program) => {
      const { name } = program;
      return [
        manSection(program) === 8
          ? link(`sbin/${name}`, "../bin/composefs")
          : link(`bin/${name}`, "composefs"),
        // These shells look for completions by the name of the command.
        link(`share/bash-completion/completions/${name}`, "composefs"),
        link(`share/fish/vendor_completions.d/${name}.fish`, "composefs.fish"),
      ];
    },
  );
  return [{ kind: "executable", path: "bin/composefs" }, ...links, ...documentation(composefs)];
}

function link(path: string, target: string): Part {
  return { kind: "link", path, target };
}

/** The directories on the way to some paths, below the prefix, each before those in it. */
export function directoriesOf(paths: Iterable<string>): string[] {
  const directories = new Set<string>();
  for (const path of paths) {
    for (let end = path.indexOf("/"); end !== -1; end = path.indexOf("/", end + 1)) {
      directories.add(path.slice(0, end));
    }
  }
  return [...directories];
}

/** The list as it is kept. */
export function formatManifest({ directories, files, links }: Manifest): Uint8Array<ArrayBuffer> {
  const lines = [
    HEADER,
    ...directories.map((path) => `directory ${path}`),
    ...Array.from(files, ([path, digest]) => `file ${path} sha256:${digest}`),
    ...Array.from(links, ([path, target]) => `link ${path} ${target}`),
  ];
  return utf8(lines.join("\n") + "\n");
}

/** Names of ours only: what else a list says is not for us to remove. */
const NAME = /^(?!\.\.?(?:\/|$))[\w.+-]+$/;

/**
 * Reads a list.
 *
 * @throws {SyntaxError} If it is none, or names something outside the prefix.
 */
export function parseManifest(contents: Uint8Array): Manifest {
  const lines = new TextDecoder().decode(contents).split("\n");
  if (lines.shift() !== HEADER || lines.pop() !== "") throw invalid("its first or last line");
  const directories: string[] = [];
  const files = new Map<string, string>();
  const links = new Map<string, string>();
  const paths = new Set<string>();
  for (const line of lines) {
    const [kind, path = "", value = "", ...rest] = line.split(" ");
    const [, digest] = /^sha256:([0-9a-f]{64})$/.exec(value) ?? [];
    if (rest.length > 0 || !path.split("/").every((name) => NAME.test(name))) throw invalid(line);
    // The list itself is in no list, and nothing is in one twice.
    if (path === MANIFEST || paths.has(path)) throw invalid(line);
    paths.add(path);
    if (kind === "directory" && value === "") directories.push(path);
    else if (kind === "file" && digest !== undefined) files.set(path, digest);
    else if (kind === "link" && value !== "") links.set(path, value);
    else throw invalid(line);
  }
  return { directories, files, links };
}

function invalid(where: string): SyntaxError {
  return new SyntaxError(`Invalid list of installed files: cannot read "${where}"`);
}
