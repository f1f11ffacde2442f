/**
 * The completion script for fish.
 *
 * @module
 */

import type { Group } from "./command.ts";
import { type OfferedOption, type Place, placesOf, quoted } from "./completions.ts";

/** The script; the same tables give the same bytes. */
export function fishCompletion(composefs: Group): string {
  const places = placesOf(composefs);
  const known = places.map(({ words }) => quoted(words.join(" ")));
  return `# fish completion for composefs-ts; generated, do not edit

# Tells whether the words before the cursor lead to a place: a program's name and those of commands.
function __composefs_at
    set -l known ${known.join(" \\\n        ")}
    set -l tokens (commandline -opc)
    set -l place (string replace -r '.*/' '' -- $tokens[1])
    for token in $tokens[2..-1]
        contains -- "$place $token" $known; and set place "$place $token"
    end
    test "$place" = "$argv[1]"
end

# Its arguments, a line each.
function __composefs_words
    printf '%s\\n' $argv
end

# The paths in an image that the words up to the cursor lead to; fails if these are none.
function __composefs_inside
    set -l tokens (commandline -opc)
    set -l current (commandline -ct)
    set -q current[1]; or set current ''
    command $tokens[1] complete-path -- $tokens[2..-1] $current 2>/dev/null
end

${places.flatMap(placeLines).join("\n")}
`;
}

function placeLines(place: Place): string[] {
  const { words, commands, options, operands, hasInside } = place;
  // fish quotes the condition once, and reads it again as a command.
  const condition = `-n "__composefs_at ${quoted(words.join(" "))}"`;
  const start = `complete -c ${words[0]} ${condition}`;
  const outside = hasInside ? `${start} -n "not __composefs_inside >/dev/null"` : start;
  return [
    ...(operands?.kind === "path" || operands?.kind === "prefixed"
      ? [`${outside} -F`]
      : [`${start} -f`]),
    ...(operands?.kind === "prefixed"
      ? [`${outside} -a ${quoted(operands.prefixes.join(" "))}`]
      : []),
    ...(hasInside ? [`${start} -f -a "(__composefs_inside)"`] : []),
    ...commands.map(({ name, summary }) => `${start} -a ${quoted(name)} -d ${fishQuoted(summary)}`),
    ...(operands?.kind === "words" ? [`${start} -a ${quoted(operands.words.join(" "))}`] : []),
    ...options.map((option) => `${start} ${optionArguments(option)}`),
  ];
}

function optionArguments({ long, short, summary, value }: OfferedOption): string {
  return [
    ...(short === undefined ? [] : [`-s ${short.slice(1)}`]),
    `-l ${long.slice(2)}`,
    ...(value === undefined ? [] : ["-r"]),
    ...(value?.kind === "path" ? ["-F"] : []),
    ...(value?.kind === "other" ? ["-f"] : []),
    ...(value?.kind === "inside" ? ['-f -a "(__composefs_inside)"'] : []),
    ...(value?.kind === "list"
      ? [`-f -a '(__fish_complete_list , "__composefs_words ${value.words.join(" ")}")'`]
      : []),
    ...(value?.kind === "words" ? [`-f -a ${quoted(value.words.join(" "))}`] : []),
    `-d ${fishQuoted(summary)}`,
  ].join(" ");
}

/** fish knows a backslash inside single quotes. */
function fishQuoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
