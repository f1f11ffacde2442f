/**
 * The completion script for bash.
 *
 * @module
 */

import type { Group } from "./command.ts";
import { type Place, placesOf, programNames, quoted, type ValueKind } from "./completions.ts";

/** The script; the same tables give the same bytes. */
export function bashCompletion(composefs: Group): string {
  const places = placesOf(composefs);
  return `# bash completion for composefs-ts; generated, do not edit

# What can follow the words of a command line. Sets commands, options and operands.
_composefs_place() {
  case $1 in
${places.map(placeCase).join("\n")}
  *) return 1 ;;
  esac
}

# What the value of an option can be: "words ...", path, inside an image, other; nothing if it takes none.
_composefs_value() {
  case $1 in
${places.flatMap(valueCases).join("\n")}
  esac
}

# The paths in an image that the words up to the cursor lead to; fails if these are none.
_composefs_inside() {
  local line=\${COMP_LINE:0:COMP_POINT} current=\${1//[\\\\\\"\\']/} typed word i
  local -a words=()
  # bash splits words at = and : as well.
  for ((i = 0; i <= COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    if [[ $i == 0 || $line == [[:blank:]]* ]]; then words+=("$word"); else words[-1]+=$word; fi
    line=\${line#"\${line%%[![:blank:]]*}"}
    line=\${line#"$word"}
  done
  for i in "\${!words[@]}"; do
    [[ \${words[i]} == "~/"* ]] && words[i]=$HOME\${words[i]:1}
    words[i]=\${words[i]//[\\\\\\"\\']/}
  done
  word=$(command "\${words[0]}" complete-path -- "\${words[@]:1}" 2>/dev/null) || return
  [[ -z $word ]] && return
  mapfile -t COMPREPLY <<<"$word"
  # What stands before the part that bash takes for the word.
  typed=\${words[-1]}
  [[ $typed == --*=* ]] && typed=\${typed#*=}
  COMPREPLY=("\${COMPREPLY[@]#"\${typed:0:\${#typed}-\${#current}}"}")
  compopt -o filenames
  [[ \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} == */ ]] && compopt -o nospace
  return 0
}

_composefs_offer() {
  case $1 in
  inside*)
    _composefs_inside "$2" && return
    [[ $1 == inside\\ * ]] && _composefs_offer "\${1#inside }" "$2" "$3" ;;
  path) compopt -o filenames; mapfile -t COMPREPLY < <(compgen -f -- "$2") ;;
  prefixed\\ *)
    mapfile -t COMPREPLY < <(compgen -f -- "$2")
    # Only what is a path is quoted like one.
    [[ \${#COMPREPLY[@]} != 0 ]] && compopt -o filenames
    [[ -n $3 ]] && return
    mapfile -t -O \${#COMPREPLY[@]} COMPREPLY < <(compgen -W "\${1#prefixed }" -- "$2")
    [[ \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} == *: ]] && compopt -o nospace ;;
  words\\ *) mapfile -t COMPREPLY < <(compgen -W "\${1#words }" -- "$2") ;;
  list\\ *)
    local before=
    [[ $2 == *,* ]] && before=\${2%,*},
    mapfile -t COMPREPLY < <(compgen -P "$before" -W "\${1#list }" -- "\${2##*,}")
    compopt -o nospace ;;
  esac
}

_composefs() {
  local commands options operands place value i prefix=
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]}
  COMPREPLY=()
  place=\${COMP_WORDS[0]##*/}
  _composefs_place "$place" || return
  for ((i = 1; i < COMP_CWORD; i++)); do
    if [[ " $commands " == *" \${COMP_WORDS[i]} "* ]]; then
      place+=" \${COMP_WORDS[i]}"
      _composefs_place "$place"
    fi
  done
  # bash splits --option=value into three words.
  if [[ $current == = ]]; then
    current=
  elif [[ $previous == = ]]; then
    previous=\${COMP_WORDS[COMP_CWORD - 2]}
  elif [[ $current == : ]]; then
    current= prefix=:
  elif [[ $previous == : ]]; then
    prefix=:
  fi
  value=$(_composefs_value "$place $previous")
  if [[ -n $value ]]; then
    _composefs_offer "$value" "$current"
  elif [[ $current == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$current")
    [[ \${#COMPREPLY[@]} == 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace
  elif [[ -n $commands ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$current")
  else
    _composefs_offer "$operands" "$current" "$prefix"
  fi
}

complete -F _composefs ${programNames(composefs).join(" ")}
`;
}

function placeCase(place: Place): string {
  const { words, commands, options } = place;
  const names = commands.map(({ name }) => name).join(" ");
  const spelled = options.flatMap(({ long, short = [], value }) => [
    value === undefined ? long : `${long}=`,
    ...[short].flat(),
  ]);
  return `  ${quoted(words.join(" "))})
    commands=${quoted(names)}
    options=${quoted(spelled.join(" "))}
    operands=${quoted(shownOperands(place))} ;;`;
}

function valueCases({ words, options }: Place): string[] {
  return options.flatMap(({ long, short, value }) => {
    if (value === undefined) return [];
    const patterns = [long, ...(short === undefined ? [] : [short])]
      .map((option) => quoted(`${words.join(" ")} ${option}`));
    return [`  ${patterns.join(" | ")}) echo ${quoted(shown(value))} ;;`];
  });
}

function shownOperands({ operands, hasInside }: Place): string {
  const kinds = [...(hasInside ? ["inside"] : []), ...(operands ? [shown(operands)] : [])];
  return kinds.join(" ");
}

function shown(value: ValueKind): string {
  if (value.kind === "prefixed") return `prefixed ${value.prefixes.join(" ")}`;
  return "words" in value ? `${value.kind} ${value.words.join(" ")}` : value.kind;
}
