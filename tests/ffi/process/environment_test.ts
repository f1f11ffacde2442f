import { assertEquals } from "@std/assert";
import { findVariable, isPrivileged } from "../../../ffi/process/environment.ts";
import { utf8 } from "../../../lib/bytes/text.ts";
import { test } from "../harness.ts";
import { ownAuxiliaryVector } from "../../../ffi/process/exec.ts";

const AT_PAGESZ = 6n;
const AT_SECURE = 23n;
/** An address of the stack, which no number holds exactly that is not a bigint. */
const ADDRESS = 0xffff_f7ff_1234_5678n;

function vector(...entries: readonly bigint[]): Uint8Array {
  return new Uint8Array(BigUint64Array.from(entries).buffer);
}

test("environment: a process with rights of its file is known by its auxiliary vector", ({ linux }) => {
  assertEquals(isPrivileged(vector(AT_PAGESZ, 4096n, 25n, ADDRESS, AT_SECURE, 0n, 0n, 0n)), false);
  assertEquals(isPrivileged(vector(AT_PAGESZ, 4096n, AT_SECURE, 1n, 0n, 0n)), true);
  assertEquals(isPrivileged(ownAuxiliaryVector(linux)), false);
});

test("environment: where nothing can be told, a process counts as one", () => {
  assertEquals(isPrivileged(vector(AT_PAGESZ, 4096n)), true);
  assertEquals(isPrivileged(new Uint8Array()), true);
  assertEquals(isPrivileged(vector(AT_SECURE)), true);
});

test("environment: a variable is found by its whole name, as bytes", () => {
  const variables = new Uint8Array([...utf8("A_B=1\0B=x=\0EMPTY=\0LAST="), 0xff]);
  assertEquals(findVariable(variables, "B"), utf8("x="));
  assertEquals(findVariable(variables, "A"), undefined);
  assertEquals(findVariable(variables, "EMPTY"), undefined);
  assertEquals(findVariable(variables, "LAST"), Uint8Array.of(0xff));
});
