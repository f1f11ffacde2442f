/**
 * On-disk records, declared once as a table of fields in byte order.
 *
 * From the table follow size, offsets, reader, writer and TypeScript type, so that a declaration can
 * be held line by line against the C header it describes. All integers are little-endian.
 *
 * @module
 */

/** How one field is laid out: its size in bytes and its codec. */
export interface FieldType<Value> {
  readonly size: number;
  read(view: DataView, at: number): Value;
  write(view: DataView, at: number, value: Value): void;
}

/** The value of a record: one property for each field that is not reserved. */
export type RecordValue<Fields extends Record<string, FieldType<unknown>>> = {
  [Name in keyof Fields as Fields[Name] extends FieldType<never> ? never : Name]:
    Fields[Name] extends FieldType<infer Value> ? Value : never;
};

/** A declared record: where its fields are, and how it is read and written as a whole. */
export interface RecordType<Fields extends Record<string, FieldType<unknown>>> {
  /** Size in bytes. */
  readonly size: number;
  /** Bytes from the start of the record to each field. */
  readonly offsets: { readonly [Name in keyof Fields]: number };
  /** Size of each field in bytes. */
  readonly sizes: { readonly [Name in keyof Fields]: number };
  /** Reads the record that starts `at` bytes into the view. The caller has checked the bounds. */
  read(view: DataView, at: number): RecordValue<Fields>;
  /** Writes the record; reserved fields are left as they are. */
  write(view: DataView, at: number, value: RecordValue<Fields>): void;
}

/** Declares a record from its fields in byte order, without implicit padding. */
export function record<Fields extends Record<string, FieldType<unknown>>>(
  fields: Fields,
): RecordType<Fields> {
  const offsets: Record<string, number> = {};
  const sizes: Record<string, number> = {};
  const columns: { name: string; offset: number; type: FieldType<unknown> }[] = [];
  let size = 0;
  for (const [name, type] of Object.entries(fields)) {
    offsets[name] = size;
    sizes[name] = type.size;
    if (!(type instanceof Reserved)) columns.push({ name, offset: size, type });
    size += type.size;
  }
  return {
    size,
    offsets: offsets as RecordType<Fields>["offsets"],
    sizes: sizes as RecordType<Fields>["sizes"],
    read(view, at) {
      const value: Record<string, unknown> = {};
      for (const { name, offset, type } of columns) value[name] = type.read(view, at + offset);
      return value as RecordValue<Fields>;
    },
    write(view, at, value) {
      const values = value as Record<string, unknown>;
      for (const { name, offset, type } of columns) type.write(view, at + offset, values[name]);
    },
  };
}

/** An unsigned byte. */
export const u8: FieldType<number> = {
  size: 1,
  read: (view, at) => view.getUint8(at),
  write: (view, at, value) => view.setUint8(at, value),
};

/** An unsigned 16-bit integer; higher bits of the value are dropped. */
export const u16: FieldType<number> = {
  size: 2,
  read: (view, at) => view.getUint16(at, true),
  write: (view, at, value) => view.setUint16(at, value, true),
};

/** An unsigned 32-bit integer; higher bits of the value are dropped. */
export const u32: FieldType<number> = {
  size: 4,
  read: (view, at) => view.getUint32(at, true),
  write: (view, at, value) => view.setUint32(at, value, true),
};

/** An unsigned 64-bit integer up to 2^53; a larger one reads as the nearest float above that. */
export const u64: FieldType<number> = {
  size: 8,
  read: (view, at) => view.getUint32(at, true) + view.getUint32(at + 4, true) * 2 ** 32,
  write: (view, at, value) => {
    view.setUint32(at, value % 2 ** 32, true);
    view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
  },
};

/** A signed 64-bit integer: a number where it is a safe integer, a bigint where not. */
export const i64: FieldType<number | bigint> = {
  size: 8,
  read: (view, at) => {
    const value = view.getInt32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
    return Number.isSafeInteger(value) ? value : view.getBigInt64(at, true);
  },
  write: (view, at, value) => {
    if (typeof value === "bigint") {
      view.setBigInt64(at, value, true);
    } else {
      // Both halves of a negative number too are those of its two's complement.
      view.setUint32(at, value % 2 ** 32, true);
      view.setUint32(at + 4, Math.floor(value / 2 ** 32), true);
    }
  },
};

class Reserved implements FieldType<never> {
  readonly size: number;
  constructor(size: number) {
    this.size = size;
  }
  read(): never {
    throw new TypeError("Cannot read a reserved field");
  }
  write(): void {}
}

/** Bytes that a record leaves alone: zero in what we write, ignored in what we read. */
export function reserved(size: number): FieldType<never> {
  return new Reserved(size);
}
