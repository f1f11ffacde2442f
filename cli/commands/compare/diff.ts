/**
 * `diff`: what has changed from one image to another.
 *
 * @module
 */

import { equalBytes, startsWith } from "../../../lib/bytes/compare.ts";
import { concatBytes, quote, utf8 } from "../../../lib/bytes/text.ts";
import { changesOf, pathOfNames } from "../../../lib/compare/changes.ts";
import {
  type Attribute,
  ATTRIBUTES,
  type Difference,
  imageDifferences,
} from "../../../lib/compare/differences.ts";
import { objectsToFetch } from "../../../lib/compare/fetch.ts";
import { type ComposefsImage, openImage } from "../../../lib/composefs/open.ts";
import { splitNames } from "../../../lib/tree/place.ts";
import { defineCommand } from "../../args/command.ts";
import { UsageError } from "../../args/usage_error.ts";
import { choices, path } from "../../args/values.ts";
import { JSON_OPTION } from "../../json.ts";
import { openOperand } from "../../references/open.ts";
import type { OpenedReference } from "../../references/opened.ts";
import { referenceOptions } from "../../references/options.ts";
import { IMAGE_OPERAND, REFERENCE_HELP } from "../../references/reference.ts";
import { storeOptions, storePaths, Stores } from "../../references/stores.ts";
import { variable } from "../../runtime.ts";
import { hasPath, refuseDots } from "../image/find_file.ts";
import { loading } from "../image/load_image.ts";
import { Texts } from "./_texts.ts";
import { changeLines, jsonLines, markdownLines, objectLines, statLines } from "./_diff_output.ts";

/** The command `composefs diff`. */
export const diff = defineCommand({
  name: "diff",
  summary: "Show what has changed from one image to another",
  description: [
    "For each path that is not the same in both: added (A), removed (D), changed (M), or renamed (R), which is a file whose contents are at another path now; and of what it was and what it is, each attribute that is different. Contents are compared by their digests, and without --text no object is read.",
    "With --json one object a line.",
    REFERENCE_HELP,
  ],
  operands: {
    first: {
      ...IMAGE_OPERAND,
      name: "FIRST",
      summary: "A directory, image, dump, archive or layout",
    },
    second: { ...IMAGE_OPERAND, name: "SECOND", summary: "What has become of it" },
  },
  options: {
    only: {
      kind: "value",
      value: "ATTRIBUTE[,ATTRIBUTE]",
      parse: choices(...ATTRIBUTES),
      summary: "Compare these attributes alone",
      help: `Attributes are ${ATTRIBUTES.join(", ")}.`,
    },
    ignore: {
      kind: "value",
      value: "ATTRIBUTE[,ATTRIBUTE]",
      parse: choices(...ATTRIBUTES),
      summary: "Do not compare these attributes",
    },
    path: {
      kind: "list",
      value: "PATH",
      parse: path,
      inImage: { followsLinks: false },
      summary: "Compare this file alone, with all below it",
    },
    stat: { kind: "flag", summary: "Count changes by directory" },
    objects: {
      kind: "flag",
      summary: "List the objects that SECOND has and FIRST has not, with their sizes",
    },
    text: {
      kind: "flag",
      summary: "Show what has changed in texts, line by line",
      help:
        "Contents come from where the images do, and from object stores; they are verified. Files with NUL bytes and of more than 1 MiB are passed over.",
    },
    ...storeOptions,
    markdown: { kind: "flag", summary: "Print a summary in Markdown, as for a pull request" },
    "exit-code": { kind: "flag", summary: "End with 1 if anything is different" },
    ...referenceOptions,
    json: JSON_OPTION,
  },
  examples: [
    {
      summary: "See what a build has changed, times aside",
      command: "composefs diff --ignore=time old.cfs new.cfs",
    },
    {
      summary: "See how much an update has to fetch",
      command: "composefs diff --objects old.cfs oci:new:v2",
    },
  ],
  exitStatus: [
    "0 done; with --exit-code, 1 if anything is different. 1 if something cannot be read.",
  ],
  async run(options, operands, context) {
    const { only, ignore, path: paths, stat, objects, markdown, text, json, exitCode } = options;
    refuseTogether(options);
    for (const each of paths) refuseDots(each);
    const { terminal: { stdout }, machine } = context;
    const storesGiven = storePaths(options, context);
    const opening = { ...options, needsContents: text && storesGiven.length === 0 };
    using first = await openOperand(operands.first, context, opening);
    using second = await openOperand(operands.second, context, opening);
    using stores = new Stores(machine, text ? storesGiven : []);
    const images = [first, second].map((each) => loading(each, () => openImage(each.image)));
    const [before, after] = [images[0]!, images[1]!];
    if (objects) {
      const found = namingBoth(first, second, () => objectsToFetch(before, after));
      stdout.write(concatBytes(...objectLines(found, json)));
      return exitCode && found.length > 0 ? 1 : 0;
    }
    namingBoth(first, second, () => requireInEither([before, after], paths));
    const filter = filterOf({ only, ignore, paths });
    const found = namingBoth(
      first,
      second,
      () => changesOf(filtered(imageDifferences(before, after), filter)),
    ).filter((each) =>
      // What has left a wanted directory is gone from there.
      filter.keepsPath(each.path) || each.change === "renamed" && filter.keepsPath(each.from)
    );
    const keeps = (attribute: Attribute) => filter.keepsAttribute(attribute);
    const texts = text ? new Texts([first, second], stores.layers) : undefined;
    const lines = stat
      ? statLines(found, json)
      : markdown
      ? markdownLines(found, keeps)
      : json
      ? jsonLines(found, keeps)
      : changeLines(found, keeps, {
        hasColor: stdout.isTerminal && hasColors(),
        text: texts && ((change) => texts.compare(change)),
      });
    for (const line of lines) stdout.write(line);
    return exitCode && found.length > 0 ? 1 : 0;
  },
});

/** Refuses options of which one would have no effect. */
function refuseTogether({ path: paths, stat, objects, markdown, text, json }: {
  readonly path: readonly Uint8Array[];
  readonly stat: boolean;
  readonly objects: boolean;
  readonly markdown: boolean;
  readonly text: boolean;
  readonly json: boolean;
}): void {
  if ([stat, objects, markdown, text].filter(Boolean).length > 1) {
    throw new UsageError("Cannot use more than one of --stat, --objects, --markdown and --text");
  }
  if (json && (markdown || text)) {
    throw new UsageError(`Cannot use both --json and ${markdown ? "--markdown" : "--text"}`);
  }
  if (objects && paths.length > 0) throw new UsageError("Cannot use both --objects and --path");
}

/**
 * Makes sure that paths lead to something, before or after: one that is mistyped has no differences.
 *
 * @throws {Error} If neither image has a file there.
 */
function requireInEither(images: readonly ComposefsImage[], paths: readonly Uint8Array[]): void {
  for (const path of paths) {
    if (images.some((image) => hasPath(image, path))) continue;
    throw new Error(`Cannot find ${quote(path)}: no such file or directory in either image`);
  }
}

/** Whether a terminal is to show colours: see no-color.org. */
function hasColors(): boolean {
  return (variable("NO_COLOR") ?? "") === "" && !["", "dumb"].includes(variable("TERM") ?? "");
}

/** Looks at two images, of which either may be malformed. */
function namingBoth<T>(first: OpenedReference, second: OpenedReference, look: () => T): T {
  return loading({ shown: `${first.shown} or ${second.shown}` }, look);
}

interface Filter {
  keepsAttribute(attribute: Attribute): boolean;
  keepsPath(path: Uint8Array): boolean;
}

function filterOf({ only, ignore, paths }: {
  readonly only: readonly Attribute[] | undefined;
  readonly ignore: readonly Attribute[] | undefined;
  readonly paths: readonly Uint8Array[];
}): Filter {
  const wanted = paths.map(splitNames).map((names) =>
    names.length === 0 ? new Uint8Array() : pathOfNames(names)
  );
  return {
    keepsAttribute: (attribute) =>
      (only?.includes(attribute) ?? true) && !(ignore?.includes(attribute) ?? false),
    keepsPath: (path) =>
      wanted.length === 0 ||
      wanted.some((each) => equalBytes(path, each) || startsWith(path, concatBytes(each, SLASH))),
  };
}

const SLASH = utf8("/");

/** Leaves out attributes, and paths that differ in nothing else. */
function* filtered(found: Iterable<Difference>, filter: Filter): Generator<Difference> {
  for (const each of found) {
    if (each.attributes.length === 0) yield each;
    else {
      const attributes = each.attributes.filter((attribute) => filter.keepsAttribute(attribute));
      if (attributes.length > 0) yield { ...each, attributes };
    }
  }
}
