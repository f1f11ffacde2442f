import { assertEquals } from "@std/assert";
import { statChange, type Time } from "../../../lib/tree/stat_change.ts";
import { stat, xattr } from "../../kit/trees.ts";

const T: Time = { seconds: 100, nanoseconds: 5 };

Deno.test("statChange() changes what it is told to, and nothing else", () => {
  const given = stat({ uid: 1, gid: 2, nlink: 3, mtime: 4, mtimeNsec: 5, mode: 0o4755 });
  assertEquals(statChange({})(given), given);
  assertEquals(statChange({ uid: 0 })(given), { ...given, uid: 0 });
  assertEquals(statChange({ gid: 0 })(given), { ...given, gid: 0 });
  assertEquals(statChange({ mtime: T })(given), { ...given, mtime: 100, mtimeNsec: 5 });
  const xattrs = [xattr("user.a", "1"), xattr("trusted.b", "2")];
  const kept = statChange({ xattrs: "user" })({ ...given, xattrs });
  assertEquals(kept.xattrs, [xattrs[0]!]);
});

Deno.test("statChange() clamps times that are later, before the epoch too", () => {
  const clamped = (mtime: number | bigint, mtimeNsec: number, time = T) => {
    const change = statChange({ mtime: time, clampMtime: true });
    const changed = change(stat({ mtime, mtimeNsec }));
    return [changed.mtime, changed.mtimeNsec];
  };
  assertEquals(clamped(100, 6), [100, 5]);
  assertEquals(clamped(100, 5), [100, 5]);
  assertEquals(clamped(100, 4), [100, 4]);
  assertEquals(clamped(99, 999_999_999), [99, 999_999_999]);
  assertEquals(clamped(101, 0), [100, 5]);
  assertEquals(clamped(-7, 3), [-7, 3]);
  assertEquals(clamped(2n ** 62n, 0), [100, 5]);
  assertEquals(clamped(-(2n ** 62n), 0), [-(2n ** 62n), 0]);
  const late: Time = { seconds: 2n ** 62n, nanoseconds: 1 };
  assertEquals(clamped(2n ** 62n, 2, late), [2n ** 62n, 1]);
  assertEquals(clamped(2n ** 62n, 1, late), [2n ** 62n, 1]);
  assertEquals(clamped(5, 0, late), [5, 0]);
});

Deno.test("statChange() counts nanoseconds of a dump that are more than a second", () => {
  const change = statChange({ mtime: T, clampMtime: true });
  assertEquals(change(stat({ mtime: 97, mtimeNsec: 3_000_000_006 })).mtime, 100);
  assertEquals(change(stat({ mtime: 97, mtimeNsec: 3_000_000_005 })).mtime, 97);
});
