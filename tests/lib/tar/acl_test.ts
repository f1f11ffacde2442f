import { assertEquals, assertThrows } from "@std/assert";
import { latin1, utf8 } from "../../../lib/bytes/text.ts";
import { aclText, aclValue } from "../../../lib/tar/acl.ts";
import { TarFormatError } from "../../../lib/tar/tar_format_error.ts";
import { acl, NO_ID } from "../../kit/acl.ts";
import { extended, header, tellOne, xattrsOf } from "../../kit/tar_archive.ts";

const refuse = (state: string) => new TarFormatError(0, state);
const value = (text: string) => aclValue(utf8(text), refuse);

const MINIMAL = acl([1, 7, NO_ID], [4, 5, NO_ID], [0x20, 0, NO_ID]);
const NAMED = acl(
  [1, 6, NO_ID],
  [2, 7, 5],
  [2, 4, 1000],
  [4, 5, NO_ID],
  [8, 1, 4294967294],
  [0x10, 7, NO_ID],
  [0x20, 0, NO_ID],
);

Deno.test("an ACL's text is read in whatever order, form and separators tar programs write it", () => {
  assertEquals(value("user::rwx,group::r-x,other::---"), MINIMAL);
  assertEquals(value("user::rwx\ngroup::r-x\nother::---\n"), MINIMAL);
  assertEquals(value(" other::--- , group::r-x, user::rwx,\n\n"), MINIMAL);
  const named =
    "user::rw-,user:1000:r--,user:5:rwx,group::r-x,group:4294967294:--x,mask::rwx,other::---";
  assertEquals(value(named), NAMED);
  const withNumbers = named.replace("user:5:rwx", "user:lisa:rwx:5");
  assertEquals(value(withNumbers), NAMED);
});

Deno.test("what is written as text is read as the same ACL", () => {
  for (const each of [MINIMAL, NAMED]) assertEquals(aclValue(aclText(each)!, refuse), each);
});

Deno.test("an ACL that the kernel would not take, or by names of owners, is refused", () => {
  const bad: [string, string][] = [
    [
      "user::rwx,user:lisa:rwx,group::r-x,mask::rwx,other::---",
      `an ACL for the user "lisa", expected a number`,
    ],
    [
      "user::rwx,group:4294967295:rwx,group::r-x,mask::rwx,other::---",
      `for the group "4294967295"`,
    ],
    [
      "user::rwx,user:1:rwx:99999999999,group::r-x,mask::rwx,other::---",
      `for the user "99999999999"`,
    ],
    ["user::rwx,group::r-x", "without entries for user, group and other"],
    ["", "without entries"],
    ["user::rwx,user:1:r--,group::r-x,other::---", "named owners and no mask"],
    ["user::rwx,user::rwx,group::r-x,other::---", "two entries for one owner"],
    [
      "user::rwx,user:1:r--,user:1:r--,group::r-x,mask::rwx,other::---",
      "two entries for one owner",
    ],
    ["user::rwz,group::r-x,other::---", `the entry "user::rwz"`],
    ["user::rw,group::r-x,other::---", `the entry "user::rw"`],
    ["user::rwx,group::r-x,other:5:---", `the entry "other:5:---"`],
    ["everyone::rwx", `the entry "everyone::rwx"`],
    ["user", `the entry "user"`],
  ];
  for (const [text, state] of bad) assertThrows(() => value(text), TarFormatError, state);
});

const read = (...records: [string, string][]) => xattrsOf(tellOne(extended(records), header({})));

Deno.test("a member has an ACL from its text, or from the attribute if it has that too", () => {
  const text = "user::rwx,group::r-x,other::---";
  assertEquals(read(["SCHILY.acl.access", text], ["SCHILY.acl.default", text]), {
    "system.posix_acl_access": latin1(MINIMAL),
    "system.posix_acl_default": latin1(MINIMAL),
  });
  const attribute: [string, string] = ["SCHILY.xattr.system.posix_acl_access", "other"];
  assertEquals(read(attribute, ["SCHILY.acl.access", text]), {
    "system.posix_acl_access": "other",
  });
  assertEquals(read(["SCHILY.acl.access", text], attribute), {
    "system.posix_acl_access": "other",
  });
  assertEquals(read(["SCHILY.acl.access", ""]), {});
  assertThrows(
    () => read(["path", "dir/name"], ["SCHILY.acl.access", `${text},user:lisa:rwx`]),
    TarFormatError,
    `"dir/name" has an ACL for the user "lisa", expected a number`,
  );
});
