/**
 * Extended attributes as extended headers have them, in the two forms that there are.
 *
 * `SCHILY.xattr.NAME` holds the value as it is. GNU tar writes `%3D` for a `=` in the name and `%25` for a `%`;
 * most others write names as they stand. `LIBARCHIVE.xattr.NAME` has the name as in a URL and the value in
 * base64. bsdtar writes both of them for each attribute, and the name as in a URL under both keywords: where
 * both have the same name as it is written, it is that of a URL. ACLs come as text besides.
 *
 * @module
 */

import { latin1, quote } from "../bytes/text.ts";
import type { Xattr } from "../tree/tree.ts";
import { ACL_KEYWORDS, aclValue } from "./acl.ts";
import type { Refuse } from "./tar_format_error.ts";

const SCHILY_PREFIX = "SCHILY.xattr.";
const LIBARCHIVE_PREFIX = "LIBARCHIVE.xattr.";

/** How the keywords of these records begin; some others do too. */
export const XATTR_PREFIXES: readonly string[] = [
  SCHILY_PREFIX,
  LIBARCHIVE_PREFIX,
  ...ACL_KEYWORDS.keys(),
];

/** Both forms of the attribute that is written with one name. */
interface Forms {
  schily?: Uint8Array;
  libarchive?: Uint8Array;
}

/** The records of extended attributes of one header, or of several that apply together. */
export class XattrRecords {
  /** By the name as it is written, one unit for each byte. */
  readonly #forms = new Map<string, Forms>();
  /** Texts of ACLs by keyword; an empty one is no ACL. */
  readonly #acls = new Map<string, Uint8Array>();
  #byName: ReadonlyMap<string, Xattr> | undefined;
  #list: readonly Xattr[] | undefined;
  #weight = 0;

  /** Bytes of all records that count, and what keeping each takes. */
  get weight(): number {
    return this.#weight;
  }

  /** Takes a record if it is one of an extended attribute, and keeps the value. */
  add(keyword: string, value: Uint8Array): void {
    if (keyword.startsWith(SCHILY_PREFIX)) {
      const forms = this.#formsOf(keyword.slice(SCHILY_PREFIX.length));
      this.#weigh(keyword, value, forms.schily);
      forms.schily = value;
    } else if (keyword.startsWith(LIBARCHIVE_PREFIX)) {
      const forms = this.#formsOf(keyword.slice(LIBARCHIVE_PREFIX.length));
      this.#weigh(keyword, value, forms.libarchive);
      forms.libarchive = value;
    } else if (ACL_KEYWORDS.has(keyword)) {
      this.#weigh(keyword, value, this.#acls.get(keyword));
      this.#acls.set(keyword, value);
    }
    this.#byName = this.#list = undefined;
  }

  #weigh(keyword: string, value: Uint8Array, replaced: Uint8Array | undefined): void {
    this.#weight += replaced === undefined
      ? keyword.length + value.length + RECORD_WEIGHT
      : value.length - replaced.length;
  }

  #formsOf(name: string): Forms {
    const known = this.#forms.get(name);
    if (known !== undefined) return known;
    const forms: Forms = {};
    this.#forms.set(name, forms);
    return forms;
  }

  /**
   * The attributes by name; worked out once.
   *
   * @throws {TarFormatError} As `refuse` makes it, if a record says nothing.
   */
  byName(refuse: Refuse): ReadonlyMap<string, Xattr> {
    return this.#byName ??= this.#resolve(refuse);
  }

  /** The attributes; the same list each time, since members may share it. */
  list(refuse: Refuse): readonly Xattr[] {
    return this.#list ??= [...this.byName(refuse).values()];
  }

  #resolve(refuse: Refuse): ReadonlyMap<string, Xattr> {
    const xattrs = new Map<string, Xattr>();
    const set = (name: string, value: Uint8Array) => {
      if (name === "" || name.includes("\0")) {
        throw refuse("has an extended attribute without a name, or with a NUL in it");
      }
      xattrs.set(name, { name: bytesOf(name), value });
    };
    // What is set later counts: the attribute itself before what others made of it.
    for (const [keyword, text] of this.#acls) {
      if (text.length > 0) set(ACL_KEYWORDS.get(keyword)!, aclValue(text, refuse));
    }
    for (const [name, { schily, libarchive }] of this.#forms) {
      if (schily === undefined) set(urlDecoded(name), base64(libarchive!, name, refuse));
    }
    for (const [name, { schily, libarchive }] of this.#forms) {
      if (schily === undefined) continue;
      set(libarchive === undefined ? gnuDecoded(name) : urlDecoded(name), schily);
    }
    return xattrs;
  }
}

/** For each record, about what an object takes. */
const RECORD_WEIGHT = 64;

/**
 * The attributes of a member.
 *
 * @param own Those of its own header, which replace those for all members.
 * @throws {TarFormatError} As `refuse` makes it, if a record says nothing.
 */
export function memberXattrs(
  own: XattrRecords | undefined,
  shared: XattrRecords | undefined,
  refuse: Refuse,
): readonly Xattr[] {
  if (own === undefined) return shared?.list(refuse) ?? [];
  if (shared === undefined) return own.list(refuse);
  return [...new Map([...shared.byName(refuse), ...own.byName(refuse)]).values()];
}

function bytesOf(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
}

function gnuDecoded(name: string): string {
  return name.includes("%") ? name.replace(/%3D|%25/g, decodedUnit) : name;
}

function urlDecoded(name: string): string {
  return name.includes("%") ? name.replace(/%[0-9A-Fa-f]{2}/g, decodedUnit) : name;
}

function decodedUnit(escape: string): string {
  return String.fromCharCode(parseInt(escape.slice(1), 16));
}

/** Padded or not. */
const BASE64 = /^([A-Za-z0-9+/]*)={0,2}$/;

function base64(value: Uint8Array, name: string, refuse: Refuse): Uint8Array {
  const text = latin1(value);
  const [, digits] = BASE64.exec(text) ?? [];
  if (digits === undefined || digits.length % 4 === 1) {
    throw refuse(`has no base64 in ${quote(bytesOf(LIBARCHIVE_PREFIX + name))}`);
  }
  return bytesOf(atob(digits));
}
