/**
 * The compression function of SHA-512, without padding and constants: these are in
 * `portable.ts`.
 *
 * A 64-bit word is two 32-bit halves, the upper one first. Lower halves are added as unsigned numbers,
 * which stay exact, and what exceeds 2^32 is carried into the upper sum.
 *
 * @see FIPS 180-4, 6.4.2
 *
 * @module
 */

const CARRY = 1 / 0x100000000;

let schedule: Int32Array | undefined;

/**
 * Absorbs the 128-byte blocks of `message` from `start` to `end` into `state`.
 *
 * @param state Eight words as 16 halves, changed in place.
 * @param constants The 80 round constants as 160 halves.
 */
export function compressSha512(
  message: Uint8Array,
  start: number,
  end: number,
  state: Int32Array,
  constants: Int32Array,
): void {
  const W = schedule ??= new Int32Array(160);
  for (let p = start; p < end;) {
    for (let i = 0; i < 32; i++, p += 4) {
      W[i] = (message[p]! << 24) | (message[p + 1]! << 16) | (message[p + 2]! << 8) |
        message[p + 3]!;
    }
    expandSchedule(W);
    runRounds(state, constants, W);
  }
}

function expandSchedule(W: Int32Array): void {
  for (let i = 32; i < 160; i += 2) {
    const xh = W[i - 30]!;
    const xl = W[i - 29]!;
    const yh = W[i - 4]!;
    const yl = W[i - 3]!;
    // σ0 rotates right by 1 and 8 and shifts by 7; σ1 rotates by 19 and 61 and shifts by 6.
    const s0h = ((xh >>> 1) | (xl << 31)) ^ ((xh >>> 8) | (xl << 24)) ^ (xh >>> 7);
    const s0l = ((xl >>> 1) | (xh << 31)) ^ ((xl >>> 8) | (xh << 24)) ^ ((xl >>> 7) | (xh << 25));
    const s1h = ((yh >>> 19) | (yl << 13)) ^ ((yl >>> 29) | (yh << 3)) ^ (yh >>> 6);
    const s1l = ((yl >>> 19) | (yh << 13)) ^ ((yh >>> 29) | (yl << 3)) ^ ((yl >>> 6) | (yh << 26));
    const low = (W[i - 31]! >>> 0) + (W[i - 13]! >>> 0) + (s0l >>> 0) + (s1l >>> 0);
    W[i] = (W[i - 32]! + W[i - 14]! + s0h + s1h + ((low * CARRY) | 0)) | 0;
    W[i + 1] = low | 0;
  }
}

function runRounds(state: Int32Array, K: Int32Array, W: Int32Array): void {
  let ah = state[0]!;
  let al = state[1]!;
  let bh = state[2]!;
  let bl = state[3]!;
  let ch = state[4]!;
  let cl = state[5]!;
  let dh = state[6]!;
  let dl = state[7]!;
  let eh = state[8]!;
  let el = state[9]!;
  let fh = state[10]!;
  let fl = state[11]!;
  let gh = state[12]!;
  let gl = state[13]!;
  let hh = state[14]!;
  let hl = state[15]!;
  for (let i = 0; i < 160; i += 2) {
    // Σ1 rotates right by 14, 18 and 41; Σ0 by 28, 34 and 39.
    const s1h = ((eh >>> 14) | (el << 18)) ^ ((eh >>> 18) | (el << 14)) ^ ((el >>> 9) | (eh << 23));
    const s1l = ((el >>> 14) | (eh << 18)) ^ ((el >>> 18) | (eh << 14)) ^ ((eh >>> 9) | (el << 23));
    const low1 = (hl >>> 0) + (s1l >>> 0) + ((gl ^ (el & (fl ^ gl))) >>> 0) + (K[i + 1]! >>> 0) +
      (W[i + 1]! >>> 0);
    const t1h = (hh + s1h + (gh ^ (eh & (fh ^ gh))) + K[i]! + W[i]! + ((low1 * CARRY) | 0)) | 0;
    const t1l = low1 | 0;
    const s0h = ((ah >>> 28) | (al << 4)) ^ ((al >>> 2) | (ah << 30)) ^ ((al >>> 7) | (ah << 25));
    const s0l = ((al >>> 28) | (ah << 4)) ^ ((ah >>> 2) | (al << 30)) ^ ((ah >>> 7) | (al << 25));
    const low2 = (t1l >>> 0) + (s0l >>> 0) + (((al & bl) | (cl & (al | bl))) >>> 0);
    const lowE = (dl >>> 0) + (t1l >>> 0);
    hh = gh, hl = gl, gh = fh, gl = fl, fh = eh, fl = el;
    eh = (dh + t1h + ((lowE * CARRY) | 0)) | 0;
    el = lowE | 0;
    dh = ch, dl = cl;
    const high2 = t1h + s0h + ((ah & bh) | (ch & (ah | bh))) + ((low2 * CARRY) | 0);
    ch = bh, cl = bl, bh = ah, bl = al;
    ah = high2 | 0;
    al = low2 | 0;
  }
  addHalves(state, 0, ah, al);
  addHalves(state, 2, bh, bl);
  addHalves(state, 4, ch, cl);
  addHalves(state, 6, dh, dl);
  addHalves(state, 8, eh, el);
  addHalves(state, 10, fh, fl);
  addHalves(state, 12, gh, gl);
  addHalves(state, 14, hh, hl);
}

function addHalves(state: Int32Array, at: number, high: number, low: number): void {
  const sum = (state[at + 1]! >>> 0) + (low >>> 0);
  state[at] = (state[at]! + high + ((sum * CARRY) | 0)) | 0;
  state[at + 1] = sum | 0;
}
