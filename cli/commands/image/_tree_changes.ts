/**
 * What options change in a tree: while a directory is scanned, where that saves reading, or in a tree that has been read.
 *
 * @module
 */

import { quote } from "../../../lib/bytes/text.ts";
import { changeTree, type TreeTransform } from "../../../lib/tree/change_tree.ts";
import { type Exclude, Excludes } from "../../../lib/tree/excludes.ts";
import type { ScanOptions } from "../../../lib/tree/scan.ts";
import type { XattrFilter } from "../../../lib/tree/source.ts";
import type { Content, Tree } from "../../../lib/tree/tree.ts";
import type { TreeRules } from "../../../lib/layers/rules.ts";
import { contentRules } from "../../references/rules.ts";
import { statChange, type StatChanges, type Time } from "../../../lib/tree/stat_change.ts";
import type { Context } from "../../args/command.ts";
import { wholeSeconds } from "../../args/time.ts";
import { ValueError } from "../../args/value_error.ts";
import { labelTree } from "../../../lib/selinux/label_tree.ts";
import { note } from "../../note.ts";
import { variable } from "../../runtime.ts";
import type { ChangeOptions } from "./_change_options.ts";
import { readExcludes } from "./_exclude_files.ts";
import { readContexts } from "./_selinux_contexts.ts";

/** The options that say it: those of {@linkcode changeOptions}, which only one name has, and those of the C program. */
export interface ChangingOptions extends Partial<ChangeOptions> {
  readonly useEpoch: boolean;
  readonly skipDevices: boolean;
  readonly skipXattrs: boolean;
  readonly userXattrs: boolean;
}

/** What is to be changed in whatever tree there will be. */
export class TreeChanges {
  readonly #options: ChangingOptions;
  readonly #excludes: Excludes | undefined;
  /** Where each pattern stands. */
  readonly #places: ReadonlyMap<Exclude, string>;
  readonly #stat: StatChanges | undefined;
  readonly #label: TreeTransform | undefined;

  /**
   * Reads what options refer to: files of patterns, a variable.
   *
   * @throws {Error} If one cannot be read, or is wrong.
   */
  constructor(options: ChangingOptions, context: Context) {
    this.#options = options;
    const places = new Map<Exclude, string>();
    for (const exclude of options.exclude ?? []) {
      places.set(exclude, `--exclude=${quote(exclude.text)}`);
    }
    for (const file of options.excludeFrom ?? []) {
      for (const [exclude, place] of readExcludes(file, context)) places.set(exclude, place);
    }
    this.#places = places;
    if (places.size > 0) this.#excludes = new Excludes([...places.keys()]);
    this.#stat = statChanges(options);
    if (options.selinuxContexts !== undefined) {
      const contexts = readContexts(options.selinuxContexts, context);
      this.#label = (tree) => labelTree(tree, contexts, { isTerminated: true });
    }
  }

  /** What scanning a directory does of it: it does not read what is not wanted. */
  get scan(): ScanOptions {
    const { oneFileSystem = false, useEpoch, skipDevices } = this.#options;
    const xattrs = this.keptXattrs ?? "all";
    return { xattrs, skipDevices, useEpoch, oneFileSystem, excludes: this.#excludes };
  }

  /** The rest, for a tree that was scanned so. */
  get afterScan(): TreeTransform | undefined {
    const changes = this.#stat;
    return inTurn(
      changes && ((tree) => changeTree(tree, { stat: statChange(changes) })),
      this.#label,
    );
  }

  /**
   * All of it, for a tree that was read in another way; undefined if nothing changes.
   *
   * @param rules Those that it was made by: where they drop xattrs, nothing is left but what is wanted.
   */
  after(rules: TreeRules): TreeTransform | undefined {
    const xattrs = rules === "container" ? this.keptXattrs ?? "all" : "all";
    const { useEpoch, skipDevices } = this.#options;
    const excludes = this.#excludes;
    const changesStat = this.#stat !== undefined || useEpoch || xattrs !== "all";
    if (!changesStat && !skipDevices && excludes === undefined) return this.#label;
    const stat = changesStat
      ? statChange({ ...(useEpoch ? { mtime: EPOCH } : {}), ...this.#stat, xattrs })
      : undefined;
    const change: TreeTransform = (tree) =>
      changeTree(tree, {
        excludes,
        ...(stat === undefined ? {} : { stat }),
        isLeftOut: ({ kind }) => skipDevices && (kind === "block" || kind === "character"),
      });
    return inTurn(change, this.#label);
  }

  /** Makes of a tree whose contents are decided what rules say, and what is to be changed besides. */
  applyTo(tree: Tree<Content>, rules: TreeRules): Tree<Content> {
    const ruled = contentRules(rules, this.keptXattrs)?.(tree) ?? tree;
    return this.after(rules)?.(ruled) ?? ruled;
  }

  /** Which xattrs are kept; undefined if that is not said. */
  get keptXattrs(): XattrFilter | undefined {
    const { skipXattrs, userXattrs, xattrs } = this.#options;
    return skipXattrs ? "none" : userXattrs ? "user" : xattrs;
  }

  /** Whether all files get another owner and group, so that their own do not matter. */
  get setsOwners(): boolean {
    return this.#stat?.uid !== undefined && this.#stat.gid !== undefined;
  }

  /** Tells of patterns that nothing has matched: a tree was not what was thought of it. */
  noteUnused(context: Context): void {
    for (const exclude of this.#excludes?.unused ?? []) {
      note(context, `nothing matches ${this.#places.get(exclude)}`);
    }
  }
}

/** Two changes as one, of which either may be none. */
export function inTurn(
  first: TreeTransform | undefined,
  second: TreeTransform | undefined,
): TreeTransform | undefined {
  if (first === undefined || second === undefined) return first ?? second;
  return (tree) => second(first(tree));
}

const EPOCH: Time = { seconds: 0, nanoseconds: 0 };

/** What a scan does not do of itself. */
function statChanges(options: ChangingOptions): StatChanges | undefined {
  const { mtime, clampMtime = false, owner, group } = options;
  if (mtime === undefined && owner === undefined && group === undefined) return undefined;
  return {
    mtime: mtime === "source-date-epoch" ? sourceDateEpoch() : mtime,
    clampMtime,
    uid: owner?.uid,
    gid: owner?.gid ?? group,
  };
}

/** @throws {Error} If the variable is not set, or is no number. */
function sourceDateEpoch(): Time {
  const text = variable("SOURCE_DATE_EPOCH");
  if (text === undefined) {
    throw new Error("Cannot use --mtime=source-date-epoch: SOURCE_DATE_EPOCH is not set");
  }
  try {
    return wholeSeconds(text);
  } catch (error) {
    if (!(error instanceof ValueError)) throw error;
    const { message } = error;
    throw new Error(`Cannot use SOURCE_DATE_EPOCH="${text}": ${message}`, { cause: error });
  }
}
