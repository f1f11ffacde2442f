/**
 * Which path in which image somebody types who has got as far as some words, for completions.
 *
 * @module
 */

import { tokens } from "./_getopt.ts";
import { allOptions, type Command, type InImage, type Operand } from "./command.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A path that is being typed. */
export interface TypedPath extends InImage {
  /** What names the image. */
  readonly image: Bytes;
  /** The path as far as it goes. */
  readonly path: Bytes;
}

/**
 * Finds the path that the last of the arguments of a command is, or is the start of.
 *
 * @returns Undefined if that is something else, or nothing before it names an image.
 * @throws {UsageError} If the arguments are wrong.
 */
export function typedPath(
  command: Command,
  args: readonly Bytes[],
): TypedPath | undefined {
  const operands: Bytes[] = [];
  let meaning: { readonly path: Bytes; readonly inImage: InImage | undefined } | undefined;
  for (const token of tokens(args, allOptions(command, false))) {
    if (token.kind === "operand") {
      operands.push(token.bytes);
      meaning = { path: token.bytes, inImage: operandAt(command, operands.length - 1)?.inImage };
    } else {
      const { option, value: path } = token;
      meaning = path && option.kind !== "flag" ? { path, inImage: option.inImage } : undefined;
    }
  }
  const [image] = operands;
  if (image === undefined || meaning?.inImage === undefined) return undefined;
  return { ...meaning.inImage, image, path: meaning.path };
}

/** What the operand at a position is. */
function operandAt({ operands }: Command, position: number): Operand | undefined {
  const all = Object.values(operands);
  const last = all.at(-1);
  return all[position] ?? (last?.repeated ? last : undefined);
}
