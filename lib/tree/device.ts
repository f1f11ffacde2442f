/**
 * Device numbers as the kernel encodes them in 32 bits: a major number of 12 bits amid a minor one of 20.
 *
 * @see linux/kdev_t.h, new_encode_dev
 *
 * @module
 */

/** Puts the two numbers of a device together; neither has more bits than there is room for. */
export function encodeDevice(major: number, minor: number): number {
  return ((minor & 0xff) | (major << 8) | ((minor & ~0xff) << 12)) >>> 0;
}

/** The major number: which driver it is. */
export function deviceMajor(device: number): number {
  return device >>> 8 & 0xfff;
}

/** The minor number: which of the driver's devices. */
export function deviceMinor(device: number): number {
  return device & 0xff | device >>> 12 & 0xfff00;
}
