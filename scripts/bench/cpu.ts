/**
 * The CPU time of programs that have ended, as the kernel counts it for whoever started them.
 *
 * On a machine that has other things to do it varies far less than the time from start to end.
 *
 * @see getrusage(2), RUSAGE_CHILDREN
 * @module
 */

const RUSAGE_CHILDREN = -1;
/** Bytes of `struct rusage` on 64-bit Linux; it begins with two times of seconds and microseconds. */
const RUSAGE_SIZE = 144;

const libc = Deno.dlopen("", {
  getrusage: { parameters: ["i32", "buffer"], result: "i32" },
});

/** CPU time, of the user and of the system, of all processes that this one has started and waited for. */
export function cpuMillisecondsOfChildren(): number {
  const usage = new BigInt64Array(RUSAGE_SIZE / 8);
  if (libc.symbols.getrusage(RUSAGE_CHILDREN, usage) !== 0) {
    throw new Error("Cannot read the CPU time of children: getrusage failed");
  }
  const [userSeconds, userMicros, systemSeconds, systemMicros] = Array.from(usage, Number);
  return 1000 * (userSeconds! + systemSeconds!) + (userMicros! + systemMicros!) / 1000;
}
