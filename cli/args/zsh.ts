/**
 * The completion script for zsh.
 *
 * @module
 */

import type { Group } from "./command.ts";
import {
  type OfferedOption,
  type Place,
  placesOf,
  programNames,
  quoted,
  type ValueKind,
} from "./completions.ts";

/** The script, to be a file `_composefs` in `$fpath`; the same tables give the same bytes. */
export function zshCompletion(composefs: Group): string {
  return `#compdef ${programNames(composefs).join(" ")}
# zsh completion for composefs-ts; generated, do not edit

${placesOf(composefs).map(placeFunction).join("\n\n")}

# The paths in an image that the words up to the cursor lead to; or what else is said to do.
_composefs_inside() {
  local found
  local -a paths
  if found=$(command \${(Q)program} complete-path -- "\${(@Q)words[1,CURRENT-1]}" \\
    "\${(Q)IPREFIX}\${(Q)PREFIX}" 2>/dev/null); then
    paths=(\${(f)found})
    compadd -S "" -- \${(M)paths:#*/}
    compadd -- \${paths:#*/}
  else
    "$@"
  fi
}

# A path, or one with a prefix.
_composefs_prefixed() {
  compset -P '[a-z-]*:' || compadd -S "" -- $@
  _files
}

_composefs() {
  local context state state_descr line program=$words[1]
  typeset -A opt_args
  "_composefs_\${service//[^a-z]/_}"
}

_composefs "$@"
`;
}

/** Name of the function for a place. */
function functionName(words: readonly string[]): string {
  return `_composefs_${words.map((word) => word.replace(/[^a-z]/g, "_")).join("__")}`;
}

function placeFunction(place: Place): string {
  const { words, commands, options, operands, hasInside } = place;
  const name = functionName(words);
  const specs = options.map(optionSpec);
  if (commands.length === 0) {
    if (operands !== undefined) {
      const inside = hasInside ? " _composefs_inside" : "";
      specs.push(quoted(`*:operand:${inside}${action(operands)}`));
    }
    return `${name}() {
  _arguments -s -S \\
    ${specs.join(" \\\n    ")}
}`;
  }
  return `${name}() {
  local -a commands=(
    ${commands.map(({ name, summary }) => quoted(`${name}:${summary}`)).join("\n    ")}
  )
  _arguments -C -s -S \\
    ${specs.join(" \\\n    ")} \\
    '1:command:->command' '*::argument:->arguments'
  case $state in
  command) _describe command commands ;;
  arguments) (( $+functions[${name}__\${words[1]//[^a-z]/_}] )) && ${name}__\${words[1]//[^a-z]/_} ;;
  esac
}`;
}

function optionSpec(option: OfferedOption): string {
  const { long, short, summary, value, valueName, repeated } = option;
  const explained = `[${summary.replace(/[\\[\]]/g, "\\$&")}]`;
  const message = valueName.replace(/[:\\]/g, "\\$&");
  const rest = value === undefined ? "" : `:${message}:${action(value)}`;
  const spelled = [
    `${long}${value === undefined ? "" : "="}`,
    ...(short === undefined ? [] : [`${short}${value === undefined ? "" : "+"}`]),
  ];
  // One that may be given once is not offered again, in either spelling.
  const names = short === undefined ? long : `${short} ${long}`;
  const before = repeated ? "*" : `(${names})`;
  return spelled.map((name) => quoted(`${before}${name}${explained}${rest}`)).join(" \\\n    ");
}

function action(value: ValueKind): string {
  if (value.kind === "path") return "_files";
  if (value.kind === "inside") return " _composefs_inside :";
  if (value.kind === "prefixed") return ` _composefs_prefixed ${value.prefixes.join(" ")}`;
  if (value.kind === "list") {
    return `_sequence -S "" compadd -S "" - ${value.words.join(" ")}`;
  }
  return value.kind === "words" ? `(${value.words.join(" ")})` : " ";
}
